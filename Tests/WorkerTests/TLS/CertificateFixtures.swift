// SPDX-License-Identifier: Apache-2.0

/// Certificates and keys by openssl(1), which guard nothing.
enum CertificateFixtures {
    /// Of `key`, valid for a hundred years.
    static let certificate = """
        -----BEGIN CERTIFICATE-----
        MIIBhjCCASugAwIBAgIUKlwnbQHhkSqDujtM30o9hQdMJX0wCgYIKoZIzj0EAwIw
        FzEVMBMGA1UEAwwMZ2F0ZXdheS50ZXN0MCAXDTI2MTEyMzIxMTMyM1oYDzIxMjYx
        MDMwMjExMzIzWjAXMRUwEwYDVQQDDAxnYXRld2F5LnRlc3QwWTATBgcqhkjOPQIB
        BggqhkjOPQMBBwNCAATdJ/qT8IS/MNy75WDlY+Zm6CpBFzIURo8JoGyvkAq8pzrn
        PwzBfJn9og5Uh+mF/Q8B1fDuIHnH7srzRYW01w7jo1MwUTAdBgNVHQ4EFgQU62P5
        Xpet+FMNkMoKJzZu0d1vC3QwHwYDVR0jBBgwFoAU62P5Xpet+FMNkMoKJzZu0d1v
        C3QwDwYDVR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNJADBGAiEAwm4NgWNFK2Th
        WHL66NsfSjy6qTDYJOxn8Gvf4PqyINQCIQD8kMagUEb5CjzB6kZXCw8Dp3yLAXJv
        ta2C58XREOBvDw==
        -----END CERTIFICATE-----
        """

    /// Made for these tests alone.
    static let key = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgdE6QfmVyryid2HSS
        fWJcTtEpfdeoh3+NQ9VOEeiqTfehRANCAATdJ/qT8IS/MNy75WDlY+Zm6CpBFzIU
        Ro8JoGyvkAq8pzrnPwzBfJn9og5Uh+mF/Q8B1fDuIHnH7srzRYW01w7j
        -----END PRIVATE KEY-----
        """

    /// Of no certificate.
    static let otherKey = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgsj31D1RQWD28VkMk
        kgTYLdYHmzsNlxU2YA5qTBOVyLOhRANCAASoydDobvTtKELjljINNpla8GHUwoFk
        UgQp67QrJE4URoWbHBqJba8ag/tXzU3PVxLahZjveXT6ODsjiL9eGBSm
        -----END PRIVATE KEY-----
        """

    /// `key` with a passphrase.
    static let encryptedKey = """
        -----BEGIN ENCRYPTED PRIVATE KEY-----
        MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAhDbRL0l+qisAICCAAw
        DAYIKoZIhvcNAgkFADAdBglghkgBZQMEAQIEEDtdoHvXpvFJD5qnRBdoxE0EgZDo
        ooeQ0OkTHgNTZhWzGViirlx8vqtlogF93mgfpmp2gJUv6JsgRQyec/sfUv7E4s0v
        ykUck1tT50lnC+ljphYrEtSmZ7PZu01kAubTWDilT7Xt24EcPw3eUZ3ALnjti3gH
        9EFSeBTs4M05QSx/PjSb61pPW9YM3EbvjUCKWGVmFhvqIrFkTl9MSzbAza64D4w=
        -----END ENCRYPTED PRIVATE KEY-----
        """

    /// Of `key`, valid in January 2020.
    static let expiredCertificate = """
        -----BEGIN CERTIFICATE-----
        MIIBFTCBvAIBATAKBggqhkjOPQQDAjAXMRUwEwYDVQQDDAxnYXRld2F5LnRlc3Qw
        HhcNMjAwMTAxMDAwMDAwWhcNMjAwMjAxMDAwMDAwWjAXMRUwEwYDVQQDDAxnYXRl
        d2F5LnRlc3QwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAATdJ/qT8IS/MNy75WDl
        Y+Zm6CpBFzIURo8JoGyvkAq8pzrnPwzBfJn9og5Uh+mF/Q8B1fDuIHnH7srzRYW0
        1w7jMAoGCCqGSM49BAMCA0gAMEUCIGB6D3p7W3rk44jCY/dxZm2yM9GpKWWa+2NO
        lrW5HMnxAiEAmseAqquaW+757c/E/gIElmMHJj+0dAxH1AlkdIMk2xw=
        -----END CERTIFICATE-----
        """

    /// Of `key`, valid from 2120 on.
    static let futureCertificate = """
        -----BEGIN CERTIFICATE-----
        MIIBGDCBwAIBAjAKBggqhkjOPQQDAjAXMRUwEwYDVQQDDAxnYXRld2F5LnRlc3Qw
        IhgPMjEyMDAxMDEwMDAwMDBaGA8yMTMwMDIwMTAwMDAwMFowFzEVMBMGA1UEAwwM
        Z2F0ZXdheS50ZXN0MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE3Sf6k/CEvzDc
        u+Vg5WPmZugqQRcyFEaPCaBsr5AKvKc65z8MwXyZ/aIOVIfphf0PAdXw7iB5x+7K
        80WFtNcO4zAKBggqhkjOPQQDAgNHADBEAiAaLqz4yNQ4jlVwPdsD9aHpWB3EBJgt
        cHI+q9nUxirMXQIgUZQk6JXksYqnNsUze3A/h5lIRy4k8CQudn24IQLAzIc=
        -----END CERTIFICATE-----
        """

    /// On a curve of 112 bits, below OpenSSL's default policy.
    static let weakCertificate = """
        -----BEGIN CERTIFICATE-----
        MIIBNDCB/qADAgECAhR3UBSgz7y/EAvWxRayGhOi3/xWojAKBggqhkjOPQQDAjAU
        MRIwEAYDVQQDDAl3ZWFrLnRlc3QwIBcNMjYxMTIzMjExMjMyWhgPMjEyNjEwMzAy
        MTEyMzJaMBQxEjAQBgNVBAMMCXdlYWsudGVzdDAyMBAGByqGSM49AgEGBSuBBAAG
        Ax4ABHWo2tSt3DED5Fh52wX0T+HRI93amsitvB5pIHWjUzBRMB0GA1UdDgQWBBR7
        jDXjn6UPm4dW6iR0saU6dx0N8jAfBgNVHSMEGDAWgBR7jDXjn6UPm4dW6iR0saU6
        dx0N8jAPBgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCAyUAMCICDwDUmMDiTBPu
        xOGJGZc4ngIPANGJiVIzJizbh8d0TTDE
        -----END CERTIFICATE-----
        """

    /// Of `weakCertificate`.
    static let weakKey = """
        -----BEGIN EC PRIVATE KEY-----
        MD4CAQEEDqsyhUBvTjJiaWPayoRcoAcGBSuBBAAGoSADHgAEdaja1K3cMQPkWHnb
        BfRP4dEj3dqayK28HmkgdQ==
        -----END EC PRIVATE KEY-----
        """
}
