// SPDX-License-Identifier: Apache-2.0

/// The issuer of all worlds: two keys, of which the second is published late, and tokens signed by them once and for
/// all (a new signature each time would make no two runs the same).
enum Tokens {
    static let jane =
        "eyJhbGciOiAiRVMyNTYiLCAia2lkIjogImVhcmx5In0.eyJpc3MiOiJodHRwczovL2lzc3Vlci5leGFtcGxlIiwiYXVkIjoiY2xp"
        + "ZW50Iiwic3ViIjoiamFuZSIsImdyb3VwcyI6WyJkZXYiLCJvcHMiXSwiZXhwIjo0MTAyNDQ0ODAwfQ.Fw_thJYpJ58TAqRXslKco"
        + "HxR4A3UfReivZgGyIaGUm8jehno1TTH391MVTsXhAVmAEPGzWkPLPT6T9YPHBddVg"
    static let omar =
        "eyJhbGciOiAiRVMyNTYiLCAia2lkIjogImVhcmx5In0.eyJpc3MiOiJodHRwczovL2lzc3Vlci5leGFtcGxlIiwiYXVkIjoiY2xp"
        + "ZW50Iiwic3ViIjoib21hciIsImdyb3VwcyI6W10sImV4cCI6NDEwMjQ0NDgwMH0.4QedH_OIu9YYRbkmDHhDuXUz0FuG8lC4cy7a"
        + "JRY4G4m7yMq7D4aFR3wvz8gU-NcUdRkE6a7x4tAWcKKDSqjNgg"
    static let lena =
        "eyJhbGciOiAiRVMyNTYiLCAia2lkIjogImxhdGUifQ.eyJpc3MiOiJodHRwczovL2lzc3Vlci5leGFtcGxlIiwiYXVkIjoiY2xpZ"
        + "W50Iiwic3ViIjoibGVuYSIsImdyb3VwcyI6WyJsYXRlIl0sImV4cCI6NDEwMjQ0NDgwMH0.07CrT8ZjaZkzxhufwzeYY6GB7uGWU"
        + "dQAyUtmRXEWlRXOVEMrJFpuQ3vgDD-qntF71woYQUya1RnYhYFQXvFsVA"
    static let expired =
        "eyJhbGciOiAiRVMyNTYiLCAia2lkIjogImVhcmx5In0.eyJpc3MiOiJodHRwczovL2lzc3Vlci5leGFtcGxlIiwiYXVkIjoiY2xp"
        + "ZW50Iiwic3ViIjoiamFuZSIsImdyb3VwcyI6W10sImV4cCI6MTAwMDAwMDAwMH0.9DUNXeUuUVnGhpWD_mcjbF7mmLT06RXGWwtL"
        + "SR3Iswi9yMgIOs8pP1EE3No4WwqUDJyvFxWy0v3bGVcgD5LJ_w"
    static let audience =
        "eyJhbGciOiAiRVMyNTYiLCAia2lkIjogImVhcmx5In0.eyJpc3MiOiJodHRwczovL2lzc3Vlci5leGFtcGxlIiwiYXVkIjoiYW5v"
        + "dGhlciIsInN1YiI6ImphbmUiLCJncm91cHMiOltdLCJleHAiOjQxMDI0NDQ4MDB9.gqeDjuMcywQ763asB_tFeaHSfxJ8DAcHwfv"
        + "0LUjshHoS4v32e4BpNLQctPN5vdAnlA4ms5_UxUARi8XSpcoPFw"
    static let forged =
        "eyJhbGciOiAiRVMyNTYiLCAia2lkIjogImVhcmx5In0.eyJpc3MiOiJodHRwczovL2lzc3Vlci5leGFtcGxlIiwiYXVkIjoiY2xp"
        + "ZW50Iiwic3ViIjoiamFuZSIsImdyb3VwcyI6WyJkZXYiXSwiZXhwIjo0MTAyNDQ0ODAwfQ.WAHEJo7ziwVPAqudcpHA8fB4pEcUX"
        + "Plj2J7uOY92f5z90nDr8xbcEKFutx-cIVFE_vwEW-NGGUWgXKNimcWBbg"
    static let unknown =
        "eyJhbGciOiAiRVMyNTYiLCAia2lkIjogIm5vYm9keSJ9.eyJpc3MiOiJodHRwczovL2lzc3Vlci5leGFtcGxlIiwiYXVkIjoiY2x"
        + "pZW50Iiwic3ViIjoiamFuZSIsImdyb3VwcyI6W10sImV4cCI6NDEwMjQ0NDgwMH0.Clqysj2kunNTwPS7J236s7y4kjXEwIXpdMu"
        + "9977O9cKXo-8Q5_p51uGvE1KdQjK9PBB96V3-i3bVxctIxDj8gg"

    private static let earlyKey =
        #"{"alg":"ES256","crv":"P-256","kid":"early","kty":"EC","use":"sig","x":"sTfpnCzFgKLO"#
        + #"Qpz4n_b9gpV6r0qn1osna-sA_fsf0a0","y":"sciQjfzs5rovSaq_rhR8Janq5HpSYhojyVlQ6du1QvE"}"#
    private static let lateKey =
        #"{"alg":"ES256","crv":"P-256","kid":"late","kty":"EC","use":"sig","x":"ZBYTP6qEJV9t"#
        + #"34y_MPu8ujXcr1doHTdWwfWXPAlTV4k","y":"NgcThfpxQk5HhtQYLrFqXQKHDhkFgecLbddL-SWrCGw"}"#

    /// A key that signs nothing: no set is ever empty.
    private static let otherKey =
        #"{"alg":"ES256","crv":"P-256","kid":"other","kty":"EC","use":"sig","x":"ZBYTP6qEJV9t"#
        + #"34y_MPu8ujXcr1doHTdWwfWXPAlTV4k","y":"NgcThfpxQk5HhtQYLrFqXQKHDhkFgecLbddL-SWrCGw"}"#

    /// The provider's key set.
    static func published(early: Bool, late: Bool) -> String {
        let keys = [otherKey] + (early ? [earlyKey] : []) + (late ? [lateKey] : [])
        return #"{"keys":[\#(keys.joined(separator: ","))]}"#
    }
}
