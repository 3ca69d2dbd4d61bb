// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation

/// `lychgate-demo token`: one more token from the stand-in's issuer, on standard output.
struct TokenCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token", abstract: "Make a token signed by the stand-in's issuer.")

    @Option(help: "The folder of a stand-in.")
    var directory: String

    @Option(help: "Who the token is for.")
    var subject: String

    @Option(help: "Groups, separated by commas.")
    var groups = ""

    @Option(help: "How long it is good: 30s, 5m, 8h; negative: expired so long ago.")
    var expiresIn = "1h"

    @Option(help: "The client that it is for.")
    var audience = TokenClaims.defaultAudience

    @Option(help: "The issuer that it names; the stand-in's own unless given.")
    var issuer: String?

    @Flag(help: "Sign with the ES256 key.")
    var es256 = false

    func run() throws {
        let mint = TokenMint(folder: StandInFolder(path: URL(fileURLWithPath: directory).path))
        let claims = TokenClaims(
            issuer: try issuer ?? mint.issuer(), subject: subject,
            groups: groups.split(separator: ",").map(String.init), audience: audience,
            expiresIn: try Self.seconds(expiresIn))
        print(try mint.mint(claims, curve: es256))
    }

    private static func seconds(_ text: String) throws -> Int {
        let units: [Character: Int] = ["s": 1, "m": 60, "h": 3_600]
        guard let unit = text.last.flatMap({ units[$0] }), let count = Int(text.dropLast()) else {
            throw ValidationError("--expires-in is a whole number with s, m or h, such as 5m")
        }
        return count * unit
    }
}
