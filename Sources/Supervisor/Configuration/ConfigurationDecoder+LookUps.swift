// SPDX-License-Identifier: Apache-2.0

import Shared

/// The parts of `authentication` that ask other services.
extension ConfigurationDecoder {
    private static var cacheTimes: ClosedRange<Duration> { .zero ... .seconds(86_400) }

    func lookUps(_ section: MappingReader, _ result: inout AuthenticationConfiguration) {
        if let review = mapping(section, "tokenReview") {
            set(&result.tokenReview.mode, review.choice("mode"))
            set(&result.tokenReview.audiences, review.strings("audiences", example: "[gateway]"))
            set(&result.tokenReview.acceptedFor, review.duration("acceptedFor", in: Self.cacheTimes))
            set(&result.tokenReview.refusedFor, review.duration("refusedFor", in: Self.cacheTimes))
        }
        result.introspection = introspection(section)
        if let impersonation = mapping(section, "impersonation") {
            set(&result.impersonation.mode, impersonation.choice("mode"))
            set(&result.impersonation.maxChecks, impersonation.integer("maxChecks", in: 1...1_000))
            set(&result.impersonation.allowedFor, impersonation.duration("allowedFor", in: Self.cacheTimes))
            set(&result.impersonation.deniedFor, impersonation.duration("deniedFor", in: Self.cacheTimes))
        }
        if let expiry = mapping(section, "tokenExpiry") {
            set(&result.tokenExpiry.mode, expiry.choice("mode"))
            set(&result.tokenExpiry.grace, expiry.duration("grace", in: .zero ... .seconds(31_536_000)))
        }
        if let lookups = mapping(section, "lookups") {
            set(&result.lookups.maxConcurrent, lookups.integer("maxConcurrent", in: 1...10_000))
            set(&result.lookups.maxWaiting, lookups.integer("maxWaiting", in: 0...1_000_000))
            set(&result.lookups.maxCached, lookups.integer("maxCached", in: 0...10_000_000))
        }
    }

    private func introspection(_ section: MappingReader) -> IntrospectionConfiguration? {
        guard let reader = mapping(section, "introspection") else { return nil }
        reader.require("url", "the introspection endpoint's https:// URL")
        reader.require("clientID", "the gateway's client identifier there")
        var result = IntrospectionConfiguration(
            url: reader.string("url", example: "https://issuer.example/introspect") ?? "",
            clientID: reader.string("clientID", example: "gateway") ?? "")
        result.caFile = path(reader, "caFile", example: "ca.crt")
        result.clientSecretFile = path(reader, "clientSecretFile", example: "secret")
        result.privateKeyFile = path(reader, "privateKeyFile", example: "client.key")
        result.keyID = reader.string("keyID", example: "key-1")
        result.assertionAudience = reader.string("assertionAudience", example: "https://issuer.example")
        result.issuer = reader.string("issuer", example: "https://issuer.example")
        set(&result.audiences, reader.strings("audiences", example: "[kubernetes]"))
        set(&result.usernameClaim, reader.string("usernameClaim", example: "sub"))
        set(&result.usernamePrefix, reader.string("usernamePrefix", example: "\"oauth:\"", mayBeEmpty: true))
        result.groupsClaim = reader.string("groupsClaim", example: "groups")
        set(&result.groupsPrefix, reader.string("groupsPrefix", example: "\"oauth:\"", mayBeEmpty: true))
        set(&result.acceptedFor, reader.duration("acceptedFor", in: Self.cacheTimes))
        set(&result.refusedFor, reader.duration("refusedFor", in: Self.cacheTimes))
        return result
    }

    private func mapping(_ section: MappingReader, _ key: String) -> MappingReader? {
        section.mapping(key, keys: ConfigurationSchema.names(in: "authentication.\(key)"))
    }
}
