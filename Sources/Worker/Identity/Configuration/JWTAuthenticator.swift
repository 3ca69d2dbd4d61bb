// SPDX-License-Identifier: Apache-2.0

internal import Shared

/// One entry of `jwt`: how tokens of one issuer are verified and what user they stand for. Fields and their meaning are
/// kube-apiserver's (k8s.io/apiserver/pkg/apis/apiserver, types.go); a field that was not written is empty.
struct JWTAuthenticator: Equatable {
    var issuerURL = ""
    var discoveryURL = ""
    /// PEM; empty: the system's authorities, unless there is a file.
    var certificateAuthority = ""
    /// `--oidc-ca-file`: read anew at each use.
    var certificateAuthorityFile: String?
    var audiences: [String] = []
    var audienceMatchPolicy = ""
    var egressSelectorType = ""
    var claimRules: [ClaimRule] = []
    var username = PrefixedMapping()
    var groups = PrefixedMapping()
    var uid = Mapping()
    var extra: [ExtraMapping] = []
    var userRules: [UserRule] = []
    /// With a configuration file, kube-apiserver takes every algorithm it knows.
    var signingAlgorithms = Set(SignatureAlgorithm.allCases)

    struct ClaimRule: Equatable {
        var claim = ""
        var requiredValue = ""
        var expression = ""
        var message = ""
    }

    struct Mapping: Equatable {
        var claim = ""
        var expression = ""
    }

    struct PrefixedMapping: Equatable {
        var claim = ""
        /// nil: not written, which is another thing than empty.
        var prefix: String?
        var expression = ""
    }

    struct ExtraMapping: Equatable {
        var key = ""
        var valueExpression = ""
    }

    struct UserRule: Equatable {
        var expression = ""
        var message = ""
    }

    init() {}

    /// What the `--oidc-*` flags say (pkg/kubeapiserver/options/authentication.go).
    init(_ flags: AuthenticationConfiguration.OIDC) {
        issuerURL = flags.issuerURL
        certificateAuthorityFile = flags.caFile
        audiences = [flags.clientID]
        username.claim = flags.usernameClaim
        username.prefix =
            switch flags.usernamePrefix {
            case "-": ""
            case nil, "": flags.usernameClaim == "email" ? "" : flags.issuerURL + "#"
            case let prefix?: prefix
            }
        if let claim = flags.groupsClaim, !claim.isEmpty {
            groups.claim = claim
            groups.prefix = flags.groupsPrefix
        }
        claimRules = flags.requiredClaims.sorted { $0.key < $1.key }.map {
            ClaimRule(claim: $0.key, requiredValue: $0.value)
        }
        signingAlgorithms = Set(flags.signingAlgorithms.compactMap(SignatureAlgorithm.init))
    }

    init(_ reader: FieldReader) {
        let issuer = reader.object(
            "issuer",
            known: [
                "url", "discoveryURL", "certificateAuthority", "audiences", "audienceMatchPolicy", "egressSelectorType",
            ])
        issuerURL = issuer.string("url")
        discoveryURL = issuer.string("discoveryURL")
        certificateAuthority = issuer.string("certificateAuthority")
        audiences = issuer.strings("audiences")
        audienceMatchPolicy = issuer.string("audienceMatchPolicy")
        egressSelectorType = issuer.string("egressSelectorType")
        claimRules = reader.objects(
            "claimValidationRules", known: ["claim", "requiredValue", "expression", "message"]
        ).map {
            ClaimRule(
                claim: $0.string("claim"), requiredValue: $0.string("requiredValue"),
                expression: $0.string("expression"), message: $0.string("message"))
        }
        let mappings = reader.object("claimMappings", known: ["username", "groups", "uid", "extra"])
        username = Self.prefixed(mappings, "username")
        groups = Self.prefixed(mappings, "groups")
        let uid = mappings.object("uid", known: ["claim", "expression"])
        self.uid = Mapping(claim: uid.string("claim"), expression: uid.string("expression"))
        extra = mappings.objects("extra", known: ["key", "valueExpression"]).map {
            ExtraMapping(key: $0.string("key"), valueExpression: $0.string("valueExpression"))
        }
        userRules = reader.objects("userValidationRules", known: ["expression", "message"]).map {
            UserRule(expression: $0.string("expression"), message: $0.string("message"))
        }
    }

    private static func prefixed(_ mappings: FieldReader, _ name: String) -> PrefixedMapping {
        let reader = mappings.object(name, known: ["claim", "prefix", "expression"])
        return PrefixedMapping(
            claim: reader.string("claim"), prefix: reader.optionalString("prefix"),
            expression: reader.string("expression"))
    }
}
