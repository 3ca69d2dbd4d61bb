// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOHTTP1

/// A request as alice reaches the API as alice, and a client's own impersonation headers do not.
struct IdentityStep: TourStep {
    let title = "A request as alice"

    func run(_ stage: TourStage) throws -> TourOutcome {
        let token = try stage.token()
        let plain = try stage.client.get("/whoami", token: token).wait()
        let seen = plain.json?["user"]?.text ?? "nobody"
        let groups = Self.groups(plain)
        let claimed = try stage.client.get(
            "/whoami", token: token,
            headers: ["Impersonate-User": "root", "Impersonate-Group": "system:masters"]
        ).wait()
        let refused = claimed.status == 400 || claimed.status == 403
        let removed =
            claimed.status == 200 && claimed.json?["user"]?.text == "alice"
            && !Self.groups(claimed).contains("system:masters")
        return TourOutcome(
            held: plain.status == 200 && seen == "alice" && groups.contains("dev") && (refused || removed),
            figure:
                "the API saw user \(seen), groups \(groups.joined(separator: ", ")); her own Impersonate-User: root "
                + (refused ? "was refused (\(claimed.status))" : removed ? "was removed" : "WAS BELIEVED"))
    }

    private static func groups(_ answer: TourClient.Answer) -> [String] {
        (answer.json?["groups"]?.elements ?? []).compactMap(\.text)
    }
}
