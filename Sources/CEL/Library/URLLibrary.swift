// SPDX-License-Identifier: Apache-2.0

/// Kubernetes' URL library (library/urls.go).
enum URLLibrary {
    static var overloads: [Overload] {
        [
            .unary("url", .string, to: .url) { (text: String, meter: inout Meter) throws(CELError) in
                try meter.work(text.utf8.count)
                guard let url = URLReference(text) else { throw .failed("string is no URL") }
                return .url(url)
            },
            .unary("isURL", .string, to: .bool) { (text: String, meter: inout Meter) throws(CELError) in
                try meter.work(text.utf8.count)
                return .bool(URLReference(text) != nil)
            },
            part("getScheme") { $0.scheme },
            part("getHost") { $0.host },
            part("getHostname") { $0.hostname },
            part("getPort") { $0.port },
            part("getEscapedPath") { $0.escapedPath },
            .unary("getQuery", isMember: true, .url, to: .map(.string, .list(.string))) {
                (url: URLReference, meter: inout Meter) throws(CELError) in
                try meter.work(url.query.utf8.count)
                return .map(query(of: url))
            },
        ]
    }

    private static func part(_ function: String, _ body: @escaping @Sendable (URLReference) -> String) -> Overload {
        .unary(function, isMember: true, .url, to: .string) { (url: URLReference, _: inout Meter) throws(CELError) in
            .string(body(url))
        }
    }

    private static func query(of url: URLReference) -> CELMap {
        var names: [CELMap.Key] = []
        var values: [CELMap.Key: [CELValue]] = [:]
        for (name, value) in url.parameters {
            let key = CELMap.Key.string(name)
            if values[key] == nil { names.append(key) }
            values[key, default: []].append(.string(value))
        }
        var result = CELMap()
        for name in names { result.insert(.list(values[name] ?? []), for: name) }
        return result
    }
}

extension URLReference: Argument {
    static func from(_ value: CELValue) -> URLReference? { if case .url(let value) = value { value } else { nil } }
}
