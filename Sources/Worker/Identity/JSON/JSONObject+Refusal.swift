// SPDX-License-Identifier: Apache-2.0

extension JSONObject {
    /// Parses a part of a token; whatever is wrong with it refuses the token for `reason`.
    init(
        untrusted text: [UInt8], maximumDepth: Int, otherwise reason: Refusal.Reason, name: String
    ) throws(Refusal) {
        let value: JSONValue
        do throws(JSONError) {
            value = try JSONValue.parse(text, maximumDepth: maximumDepth)
        } catch {
            throw Refusal(reason, "\(name): unacceptable JSON: \(error)")
        }
        guard let object = value.object else { throw Refusal(reason, "\(name): not a JSON object") }
        self = object
    }
}
