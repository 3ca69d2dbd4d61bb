// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOHTTP1

/// A forged and an expired token are refused, as Kubernetes refuses them.
struct RefusalStep: TourStep {
    let title = "A forged and an expired token"

    func run(_ stage: TourStage) throws -> TourOutcome {
        let answers = try ["token-forged", "token-expired"].map { name in
            try stage.client.get("/whoami", token: stage.token(name)).wait()
        }
        let held = answers.allSatisfy { answer in
            answer.status == 401 && answer.json?["kind"]?.text == "Status"
                && answer.headers.first(name: "www-authenticate")?.hasPrefix("Bearer") == true
        }
        let said = answers.map { "\($0.status) \($0.json?["reason"]?.text ?? "")" }
        return TourOutcome(held: held, figure: "forged: \(said[0]), expired: \(said[1])")
    }
}
