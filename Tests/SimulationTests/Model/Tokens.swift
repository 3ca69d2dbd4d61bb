// SPDX-License-Identifier: Apache-2.0

/// The issuer of all worlds: two keys, of which the second is published late, and tokens signed by them once and for
/// all (a new signature each time would make no two runs the same).
enum Tokens {
    static let jane =
        "eyJhbGciOiAiRVMyNTYiLCAia2lkIjogImVhcmx5In0.eyJpc3MiOiJodHRwczovL2lzc3Vlci5leGFtcGxlIiwiYXVkIjoiY2xp"
        + "ZW50Iiwic3ViIjoiamFuZSIsImdyb3VwcyI6WyJkZXYiLCJvcHMiXSwiZXhwIjo0MTAyNDQ0ODAwfQ.j3KL6BbchPGJeP8j6nyBs"
        + "iO6m3MYjtj4f5er-gIsNFyfNIUAYuyoPD9jxgYW_1bgpAP1iikA29TzLO8yqrmFhQ"
    static let omar =
        "eyJhbGciOiAiRVMyNTYiLCAia2lkIjogImVhcmx5In0.eyJpc3MiOiJodHRwczovL2lzc3Vlci5leGFtcGxlIiwiYXVkIjoiY2xp"
        + "ZW50Iiwic3ViIjoib21hciIsImdyb3VwcyI6W10sImV4cCI6NDEwMjQ0NDgwMH0.WzJlKYOEhQErLH8etH9dYf6WeB9OkV3r3wjk"
        + "BxjRctK6YZcqZZ2P-XuXKAZKN4UYLU1xBGjCI_yX83MnjpMdLQ"
    static let lena =
        "eyJhbGciOiAiRVMyNTYiLCAia2lkIjogImxhdGUifQ.eyJpc3MiOiJodHRwczovL2lzc3Vlci5leGFtcGxlIiwiYXVkIjoiY2xpZ"
        + "W50Iiwic3ViIjoibGVuYSIsImdyb3VwcyI6WyJsYXRlIl0sImV4cCI6NDEwMjQ0NDgwMH0.3NytIcw_7EDBJJyL4QgTTosT6qCZ4"
        + "cY2ZUvCnzMzm9efG-WsOod5hniKngOUASkfj8z9kvNxmnRBh8j7YHEACg"
    static let expired =
        "eyJhbGciOiAiRVMyNTYiLCAia2lkIjogImVhcmx5In0.eyJpc3MiOiJodHRwczovL2lzc3Vlci5leGFtcGxlIiwiYXVkIjoiY2xp"
        + "ZW50Iiwic3ViIjoiamFuZSIsImdyb3VwcyI6W10sImV4cCI6MTAwMDAwMDAwMH0.tVYSpiLaUJyIANIJ57pQFV7UQvkBxvYz4q4K"
        + "apZxmy-XtKCRJfLXrRugwOcLtCqYPCE4U_AJclB2z7xxz6IcgQ"
    static let audience =
        "eyJhbGciOiAiRVMyNTYiLCAia2lkIjogImVhcmx5In0.eyJpc3MiOiJodHRwczovL2lzc3Vlci5leGFtcGxlIiwiYXVkIjoiYW5v"
        + "dGhlciIsInN1YiI6ImphbmUiLCJncm91cHMiOltdLCJleHAiOjQxMDI0NDQ4MDB9.JuPnc0bl7tv1OMSpRiSJgC4ZI1ophWWEo30"
        + "mAoObpFLiPTBqt2WO47yksdjJzxYgyNe6w_YLYftn4idKAU2tFw"
    static let forged =
        "eyJhbGciOiAiRVMyNTYiLCAia2lkIjogImVhcmx5In0.eyJpc3MiOiJodHRwczovL2lzc3Vlci5leGFtcGxlIiwiYXVkIjoiY2xp"
        + "ZW50Iiwic3ViIjoiamFuZSIsImdyb3VwcyI6WyJzeXN0ZW06bWFzdGVycyJdLCJleHAiOjQxMDI0NDQ4MDB9.4a5SYgsoyZ9cIKD"
        + "BLBrP35Yts-uYhKCJF-llK5iComGp4KTdvdEXJpHYKCEUOqJqGL2EQ1Zd2JDu685F4AhcsA"
    static let unknown =
        "eyJhbGciOiAiRVMyNTYiLCAia2lkIjogIm5vYm9keSJ9.eyJpc3MiOiJodHRwczovL2lzc3Vlci5leGFtcGxlIiwiYXVkIjoiY2x"
        + "pZW50Iiwic3ViIjoiamFuZSIsImdyb3VwcyI6W10sImV4cCI6NDEwMjQ0NDgwMH0.zZhFZEQ42lf-ZWOpv8ZkZd1_kHIIOZ4Hi3D"
        + "TLoJi2GA--CovL1fRiYv7Vf4Cm0bmOlzypvMJ3Cl_mJ3tAuj6uw"

    private static let earlyKey =
        #"{"alg":"ES256","crv":"P-256","kid":"early","kty":"EC","use":"sig","x":"zyvFnweuZa3i"#
        + #"db6ZNoWH1NdljBP9-kv0hYJl47gAVME","y":"AFUomJZhR78gyBlG6XZ8fIAzqxNqlHP4jMqg6QJ_8vM"}"#
    private static let lateKey =
        #"{"alg":"ES256","crv":"P-256","kid":"late","kty":"EC","use":"sig","x":"UtfDl6mJVHoV"#
        + #"HLA2mIwrpYM5mFPR0J_UNOa1a39BU4E","y":"nrC3gNnFOaRRGH6zRL7W5kWLtu63cZMEvXU5cuttlD0"}"#

    /// The keys document of a generation; the late key is in it only when it has been published.
    static func document(generation: UInt64, late: Bool) -> [UInt8] {
        let keys = late ? earlyKey + "," + lateKey : earlyKey
        return Array(
            (#"{"generation":\#(generation),"issuers":[{"issuer":"https://issuer.example","fetchedAt":1764000000,"#
                + #""keys":{"keys":[\#(keys)]}}]}"#).utf8)
    }
}
