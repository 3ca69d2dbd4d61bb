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

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

/// A BIO on a non-blocking socket that somebody else closes, by recv and send: OpenSSL's own uses read and write, whose way
/// through the virtual file system costs each record some hundred nanoseconds more.
static inline int lg_socket_receive(BIO *bio, char *bytes, int size) {
    int count = (int)recv((int)(intptr_t)BIO_get_data(bio), bytes, (size_t)size, 0);
    BIO_clear_retry_flags(bio);
    if (count == 0) BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) BIO_set_retry_read(bio);
    return count;
}
static inline int lg_socket_send(BIO *bio, const char *bytes, int size) {
    int count = (int)send((int)(intptr_t)BIO_get_data(bio), bytes, (size_t)size, MSG_NOSIGNAL);
    BIO_clear_retry_flags(bio);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) BIO_set_retry_write(bio);
    return count;
}
static inline long lg_socket_control(BIO *bio, int command, long number, void *pointer) {
    (void)number;
    (void)pointer;
    if (command == BIO_CTRL_FLUSH) return 1;
    return command == BIO_CTRL_EOF && BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0;
}
/// What such BIOs have in common; NULL: there is no memory.
static inline BIO_METHOD *lg_socket_method(void) {
    BIO_METHOD *method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket");
    if (method && BIO_meth_set_read(method, lg_socket_receive) && BIO_meth_set_write(method, lg_socket_send) &&
        BIO_meth_set_ctrl(method, lg_socket_control))
        return method;
    BIO_meth_free(method);
    return NULL;
}
/// Lets a session speak on a socket, which stays whose it was. 1 on success.
static inline int lg_ssl_use_socket(SSL *ssl, const BIO_METHOD *method, int socket) {
    BIO *bio = method ? BIO_new(method) : NULL;
    if (!bio) return 0;
    BIO_set_data(bio, (void *)(intptr_t)socket);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl, bio, bio);
    return 1;
}

/// A BIO that only takes what is written, as far as there is room: records that are to leave together.
struct lg_gathered {
    unsigned char *bytes;
    int room;
    int count;
};
static inline int lg_gather_write(BIO *bio, const char *bytes, int size) {
    struct lg_gathered *into = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (!into || size > into->room - into->count) {
        BIO_set_retry_write(bio);
        return -1;
    }
    memcpy(into->bytes + into->count, bytes, (size_t)size);
    into->count += size;
    return size;
}
static inline long lg_gather_control(BIO *bio, int command, long number, void *pointer) {
    (void)bio, (void)number, (void)pointer;
    return command == BIO_CTRL_FLUSH;
}
/// One with no room; NULL: there is no memory.
static inline BIO *lg_gather_new(void) {
    BIO_METHOD *method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "records");
    BIO *bio = method && BIO_meth_set_write(method, lg_gather_write) && BIO_meth_set_ctrl(method, lg_gather_control)
                   ? BIO_new(method)
                   : NULL;
    if (bio)
        BIO_set_init(bio, 1);
    else
        BIO_meth_free(method);
    return bio;
}
/// What the session writes from now on goes to `bio`; NULL: to its socket again.
static inline void lg_ssl_divert(SSL *ssl, BIO *bio) {
    if (!bio) bio = SSL_get_rbio(ssl);
    BIO_up_ref(bio);
    SSL_set0_wbio(ssl, bio);
}
/// Writes past TLS: bytes that are records already. The bytes written, 0 if the socket takes none now, -1 if it is gone.
static inline int lg_ssl_send_records(SSL *ssl, const void *bytes, int size) {
    BIO *bio = SSL_get_rbio(ssl);
    int count = lg_socket_send(bio, bytes, size);
    return count < 0 && BIO_should_retry(bio) ? 0 : count;
}

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
/// Asks clients for a certificate and takes whatever they show: it is judged later, and for each request, by
/// `lg_verify_client`. A handshake that failed over it could not fall back on a token.
static inline int lg_take_any_certificate(int ok, X509_STORE_CTX *context) {
    (void)ok;
    (void)context;
    return 1;
}
static inline void lg_ctx_ask_for_certificate(SSL_CTX *ctx, STACK_OF(X509) *authorities) {
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, lg_take_any_certificate);
    // No resumption: a ticket holds the client's own certificate and none of the intermediate ones that it has shown, without
    // which it could not be verified again.
    SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);
    SSL_CTX_set_num_tickets(ctx, 0);
    static const unsigned char name[] = "lychgate";
    SSL_CTX_set_session_id_context(ctx, name, sizeof name - 1);
    for (int index = 0; index < sk_X509_num(authorities); index++)
        SSL_CTX_add_client_CA(ctx, sk_X509_value(authorities, index));
}
/// The certificates of a PEM text; NULL if there is none, or one that does not parse.
static inline STACK_OF(X509) *lg_read_certificates(const char *pem, int length) {
    BIO *bio = BIO_new_mem_buf(pem, length);
    STACK_OF(X509) *found = sk_X509_new_null();
    for (X509 *cert; bio && found && (cert = PEM_read_bio_X509(bio, NULL, NULL, NULL));)
        if (!sk_X509_push(found, cert)) X509_free(cert);
    unsigned long error = ERR_peek_last_error();
    int whole = ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
    BIO_free(bio);
    ERR_clear_error();
    if (found && whole && sk_X509_num(found) > 0) return found;
    sk_X509_pop_free(found, X509_free);
    return NULL;
}
static inline void lg_free_certificates(STACK_OF(X509) *certificates) { sk_X509_pop_free(certificates, X509_free); }
/// A store that trusts these, whether they have signed themselves or not, as Go's verifier does.
static inline X509_STORE *lg_store_of(STACK_OF(X509) *certificates) {
    X509_STORE *store = X509_STORE_new();
    for (int index = 0; store && index < sk_X509_num(certificates); index++)
        if (!X509_STORE_add_cert(store, sk_X509_value(certificates, index))) {
            X509_STORE_free(store);
            return NULL;
        }
    if (store) X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);
    return store;
}
/// Verifies the certificate that a client has shown, for client authentication, at a time in seconds since 1970. X509_V_OK or
/// why not; `until`: when the first certificate of the chain ends.
static inline int lg_verify_client(SSL *ssl, X509_STORE *store, int64_t now, int64_t *until) {
    int result = X509_V_ERR_UNSPECIFIED;
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    if (context && X509_STORE_CTX_init(context, store, SSL_get0_peer_certificate(ssl), SSL_get_peer_cert_chain(ssl)) &&
        X509_STORE_CTX_set_default(context, "ssl_client")) {
        X509_VERIFY_PARAM_set_time(X509_STORE_CTX_get0_param(context), (time_t)now);
        int ok = X509_verify_cert(context);
        result = X509_STORE_CTX_get_error(context);
        if (ok != 1 && result == X509_V_OK) result = X509_V_ERR_UNSPECIFIED;
        *until = INT64_MAX;
        STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(context);
        for (int index = 0; ok == 1 && index < sk_X509_num(chain); index++) {
            struct tm parts;
            if (ASN1_TIME_to_tm(X509_get0_notAfter(sk_X509_value(chain, index)), &parts) != 1) {
                result = X509_V_ERR_ERROR_IN_CERT_NOT_AFTER_FIELD;
                continue;
            }
            int64_t end = (int64_t)timegm(&parts);
            if (end < *until) *until = end;
        }
    }
    X509_STORE_CTX_free(context);
    ERR_clear_error();
    return result;
}
static inline void lg_free(void *memory) { OPENSSL_free(memory); }

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
