// SPDX-License-Identifier: Apache-2.0

// Command proxy stands for kube-oidc-proxy's design: httputil.ReverseProxy behind an RS256 check, whose verdicts are
// kept by the token's digest.
//
//	proxy TLS_ADDRESS PLAIN_ADDRESS UPSTREAM_URL CERTIFICATES ISSUER
package main

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
)

type claims struct {
	Iss    string
	Aud    string
	Sub    string
	Groups []string
	Exp    int64
}

type authenticator struct {
	issuer   string
	key      *rsa.PublicKey
	verdicts sync.Map
}

// verify says who a token stands for; nil: nobody.
func (a *authenticator) verify(token string) *claims {
	digest := sha256.Sum256([]byte(token))
	if known, ok := a.verdicts.Load(digest); ok {
		if c := known.(*claims); time.Now().Unix() < c.Exp {
			return c
		}
		return nil
	}
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil {
		return nil
	}
	signed := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if rsa.VerifyPKCS1v15(a.key, crypto.SHA256, signed[:], signature) != nil {
		return nil
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return nil
	}
	c := &claims{}
	if json.Unmarshal(payload, c) != nil || c.Iss != a.issuer || c.Aud != "kubernetes" || time.Now().Unix() >= c.Exp {
		return nil
	}
	a.verdicts.Store(digest, c)
	return c
}

func readKey(path string) *rsa.PublicKey {
	text, err := os.ReadFile(path)
	if err != nil {
		log.Fatal(err)
	}
	block, _ := pem.Decode(text)
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		log.Fatal(err)
	}
	return key.(*rsa.PublicKey)
}

func main() {
	tlsAddress, plainAddress, certificates := os.Args[1], os.Args[2], os.Args[4]
	upstream, err := url.Parse(os.Args[3])
	if err != nil {
		log.Fatal(err)
	}
	check := &authenticator{issuer: os.Args[5], key: readKey(certificates + "/issuer.pub")}
	proxy := &httputil.ReverseProxy{
		Rewrite:       func(r *httputil.ProxyRequest) { r.SetURL(upstream) },
		FlushInterval: -1,
		Transport: &http.Transport{
			MaxIdleConns: 20000, MaxIdleConnsPerHost: 20000, DisableCompression: true,
			DialContext: (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
		},
	}
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token, isBearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		var caller *claims
		if isBearer {
			caller = check.verify(token)
		}
		if caller == nil {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		r.Header.Del("Authorization")
		r.Header.Set("Impersonate-User", caller.Sub)
		r.Header["Impersonate-Group"] = slices.Clone(caller.Groups)
		proxy.ServeHTTP(w, r)
	})
	go func() { log.Fatal(http.ListenAndServe(plainAddress, handler)) }()
	server := &http.Server{
		Addr: tlsAddress, Handler: handler, TLSConfig: &tls.Config{MinVersion: tls.VersionTLS13},
		ErrorLog: log.New(os.Stderr, "", 0),
	}
	log.Fatal(server.ListenAndServeTLS(certificates+"/server.crt", certificates+"/server.key"))
}
