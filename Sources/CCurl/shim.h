// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <curl/curl.h>

// curl's setopt and getinfo are variadic, which Swift cannot call: one typed wrapper for each kind of argument.

static inline CURLcode lychgate_easy_set_long(CURL *easy, CURLoption option, long value) {
    return curl_easy_setopt(easy, option, value);
}

static inline CURLcode lychgate_easy_set_string(CURL *easy, CURLoption option, const char *value) {
    return curl_easy_setopt(easy, option, value);
}

/// The bytes are copied.
static inline CURLcode lychgate_easy_set_blob(CURL *easy, CURLoption option, const char *data, size_t length) {
    struct curl_blob blob = {.data = (void *)data, .len = length, .flags = CURL_BLOB_COPY};
    return curl_easy_setopt(easy, option, &blob);
}

static inline CURLcode lychgate_easy_set_pointer(CURL *easy, CURLoption option, void *value) {
    return curl_easy_setopt(easy, option, value);
}

static inline CURLcode lychgate_easy_set_list(CURL *easy, CURLoption option, struct curl_slist *value) {
    return curl_easy_setopt(easy, option, value);
}

/// Makes it a POST of these bytes, of which curl keeps a copy.
static inline CURLcode lychgate_easy_set_body(CURL *easy, const void *data, size_t length) {
    CURLcode result = curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)length);
    return result != CURLE_OK ? result : curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, data);
}

static inline CURLcode lychgate_easy_set_write(
    CURL *easy, size_t (*callback)(char *data, size_t size, size_t count, void *context)) {
    return curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, callback);
}

static inline CURLcode lychgate_easy_get_long(CURL *easy, CURLINFO info, long *value) {
    return curl_easy_getinfo(easy, info, value);
}

static inline CURLMcode lychgate_multi_set_long(CURLM *multi, CURLMoption option, long value) {
    return curl_multi_setopt(multi, option, value);
}

static inline CURLMcode lychgate_multi_set_pointer(CURLM *multi, CURLMoption option, void *value) {
    return curl_multi_setopt(multi, option, value);
}

static inline CURLMcode lychgate_multi_set_socket(
    CURLM *multi,
    int (*callback)(CURL *easy, curl_socket_t socket, int what, void *context, void *socket_context)) {
    return curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, callback);
}

static inline CURLMcode lychgate_multi_set_timer(
    CURLM *multi, int (*callback)(CURLM *multi, long timeout_ms, void *context)) {
    return curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, callback);
}

/// A finished transfer's easy handle and result; null when none is left. (Swift does not import CURLMsg's union well.)
static inline CURL *lychgate_multi_next_done(CURLM *multi, CURLcode *result) {
    int left = 0;
    CURLMsg *message;
    while ((message = curl_multi_info_read(multi, &left)) != NULL) {
        if (message->msg == CURLMSG_DONE) {
            *result = message->data.result;
            return message->easy_handle;
        }
    }
    return NULL;
}
