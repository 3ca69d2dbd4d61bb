// SPDX-License-Identifier: Apache-2.0

/// What a client of the admin listener asks for.
struct AdminRequest: Equatable {
    enum Method: Equatable {
        case get
        case head
        case other
    }

    var method: Method
    var path: String
    /// The query's parameters in order; without a `=`, the value is empty.
    var parameters: [(name: String, value: String)]

    init(method: Method = .get, path: String, query: String = "") {
        self.method = method
        self.path = path
        parameters = query.split(separator: "&").map { part in
            let halves = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (Self.decoded(halves[0]), halves.count > 1 ? Self.decoded(halves[1]) : "")
        }
    }

    init(_ head: RequestHead, in bytes: ByteView) {
        let method: Method =
            switch head.method {
            case .get: .get
            case .head: .head
            default: .other
            }
        self.init(method: method, path: bytes[head.path].text, query: bytes[head.query].text)
    }

    func values(of name: String) -> [String] {
        parameters.filter { $0.name == name }.map(\.value)
    }

    /// Form encoding: `+` is a blank, `%XX` a byte; what is neither stands for itself.
    private static func decoded(_ text: Substring) -> String {
        var bytes: [UInt8] = []
        let source = Array(text.utf8)
        var index = 0
        while index < source.count {
            if source[index] == UInt8(ascii: "%"), index + 2 < source.count,
                let byte = UInt8(String(decoding: source[index + 1...index + 2], as: UTF8.self), radix: 16)
            {
                bytes.append(byte)
                index += 3
                continue
            }
            bytes.append(source[index] == UInt8(ascii: "+") ? 0x20 : source[index])
            index += 1
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    static func == (left: AdminRequest, right: AdminRequest) -> Bool {
        left.method == right.method && left.path == right.path
            && left.parameters.elementsEqual(right.parameters, by: ==)
    }
}

extension ByteView {
    /// The bytes as text; what is not UTF-8 comes out as U+FFFD.
    fileprivate var text: String {
        String(decoding: (0..<count).map { self[$0] }, as: UTF8.self)
    }
}
