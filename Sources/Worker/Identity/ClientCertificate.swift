// SPDX-License-Identifier: Apache-2.0

/// A client's certificate and what its listener's authorities say of it.
struct ClientCertificate {
    let subject: CertificateSubject
    let verdict: ClientAuthorities.Verdict

    /// Until when the verdict holds, in seconds since 1970. A certificate that is not good yet may be so a moment later.
    var until: Double {
        if case .good(let until) = verdict { Double(until) } else { -.infinity }
    }

    /// Whom it stands for, as kube-apiserver has it (k8s.io/apiserver/pkg/authentication/request/x509, 1.36): the last CN is
    /// the user, every O a group, the one value of Kubernetes' attribute the uid.
    func judge(limits: IdentityLimits) -> CertificateVerdict {
        guard case .good(let until) = verdict else {
            if case .bad(let words) = verdict { return .refused(Refusal(.certificateRefused, words)) }
            return .none
        }
        do throws(Refusal) {
            guard let user = try user() else { return .nobody }
            let end = Double(until)
            return .accepted(
                Identity(
                    user: user, impersonationHeader: try ImpersonationHeader.render(user, limits: limits),
                    expiresAt: end, believedUntil: end, keyThumbprint: TokenDigest()))
        } catch {
            return .refused(error)
        }
    }

    /// nil: without a CN it stands for nobody.
    func user() throws(Refusal) -> UserInfo? {
        guard let name = subject.commonNames.last, !name.isEmpty else { return nil }
        guard subject.uids.count <= 1, subject.uids.first != "" else {
            throw Refusal(.certificateRefused, "the certificate has an empty uid, or more than one")
        }
        var user = UserInfo(username: name)
        user.uid = subject.uids.first
        // The same group twice says no more than once, and an empty one nothing.
        for group in subject.organizations where !group.isEmpty && !user.groups.contains(where: { $0.isExactly(group) })
        {
            user.groups.append(group)
        }
        user = user.authenticated
        user.extra[UserInfo.credentialIDKey] = ["X509SHA256=" + subject.fingerprint]
        return user
    }
}

/// What a client's certificate means for its requests.
enum CertificateVerdict {
    /// None was shown, or none is asked for.
    case none
    /// It is good, and names no user.
    case nobody
    case accepted(Identity)
    case refused(Refusal)
}
