// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/ssl.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <openssl/pem.h>
#include <openssl/evp.h>
#include <openssl/ec.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/sha.h>

/// Macros of OpenSSL that Swift cannot import.
static inline long lg_ssl_set_mode(SSL *ssl, long mode) { return SSL_set_mode(ssl, mode); }
static inline long lg_ctx_set_mode(SSL_CTX *ctx, long mode) { return SSL_CTX_set_mode(ctx, mode); }
static inline int lg_ctx_set_min_proto(SSL_CTX *ctx, int version) {
    return (int)SSL_CTX_set_min_proto_version(ctx, version);
}
static inline uint64_t lg_client_options(void) { return SSL_OP_NO_RENEGOTIATION; }
static inline uint64_t lg_server_options(void) { return SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE; }
static inline void lg_ctx_set_read_ahead(SSL_CTX *ctx, int on) { SSL_CTX_set_read_ahead(ctx, on); }
static inline void lg_ctx_set_session_cache_off(SSL_CTX *ctx) { SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF); }
static inline int lg_ssl_set_server_name(SSL *ssl, const char *name) {
    return (int)SSL_set_tlsext_host_name(ssl, (char *)name);
}
/// Adds the certificates of a PEM text to the store of trusted authorities; their count, or -1.
static inline int lg_ctx_trust_pem(SSL_CTX *ctx, const char *pem, int length) {
    BIO *bio = BIO_new_mem_buf(pem, length);
    if (!bio) return -1;
    X509_STORE *store = SSL_CTX_get_cert_store(ctx);
    int count = 0;
    for (X509 *cert; (cert = PEM_read_bio_X509(bio, NULL, NULL, NULL)); count++) {
        int added = X509_STORE_add_cert(store, cert);
        X509_free(cert);
        if (!added) {
            BIO_free(bio);
            return -1;
        }
    }
    BIO_free(bio);
    ERR_clear_error();
    return count;
}
/// Uses the chain of a PEM text: the first certificate is the leaf. 1 on success.
static inline int lg_ctx_use_chain_pem(SSL_CTX *ctx, const char *pem, int length) {
    BIO *bio = BIO_new_mem_buf(pem, length);
    if (!bio) return 0;
    X509 *leaf = PEM_read_bio_X509_AUX(bio, NULL, NULL, NULL);
    int ok = leaf && SSL_CTX_use_certificate(ctx, leaf) == 1;
    X509_free(leaf);
    if (ok) SSL_CTX_clear_chain_certs(ctx);
    for (X509 *cert; ok && (cert = PEM_read_bio_X509(bio, NULL, NULL, NULL));)
        if (SSL_CTX_add0_chain_cert(ctx, cert) != 1) {
            X509_free(cert);
            ok = 0;
        }
    BIO_free(bio);
    if (ok) ERR_clear_error();
    return ok;
}
/// Uses the private key of a PEM text. 1 on success.
static inline int lg_ctx_use_key_pem(SSL_CTX *ctx, const char *pem, int length) {
    BIO *bio = BIO_new_mem_buf(pem, length);
    if (!bio) return 0;
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
    int ok = key && SSL_CTX_use_PrivateKey(ctx, key) == 1;
    EVP_PKEY_free(key);
    BIO_free(bio);
    return ok;
}
/// Answers ALPN with h2, else http/1.1 or http/1.0, as far as the client offers them; a client that offers only others is
/// refused (RFC 7301 section 3.2).
static inline int lg_select_http(
    SSL *ssl, const unsigned char **out, unsigned char *out_length, const unsigned char *in, unsigned int in_length,
    void *argument) {
    (void)ssl;
    (void)argument;
    static const unsigned char http[] = "\x02h2\x08http/1.1\x08http/1.0";
    unsigned char *selected;
    if (SSL_select_next_proto(&selected, out_length, http, sizeof http - 1, in, in_length) != OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *out = selected;
    return SSL_TLSEXT_ERR_OK;
}
static inline void lg_ctx_alpn_http(SSL_CTX *ctx) { SSL_CTX_set_alpn_select_cb(ctx, lg_select_http, NULL); }
/// Variadic functions and macros of libcrypto that Swift cannot import.
static inline EVP_PKEY *lg_rsa_generate(size_t bits) {
    return EVP_PKEY_Q_keygen(NULL, NULL, "RSA", bits);
}
static inline EVP_PKEY *lg_ec_generate(const char *curve) {
    return EVP_PKEY_Q_keygen(NULL, NULL, "EC", curve);
}
/// The bytes a memory BIO holds; they stay the BIO's own.
static inline size_t lg_bio_contents(BIO *bio, const unsigned char **bytes) {
    char *start = NULL;
    long length = BIO_get_mem_data(bio, &start);
    *bytes = (const unsigned char *)start;
    return length > 0 ? (size_t)length : 0;
}
