// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
)

// overStreams is a client of HTTP/2, whose connections each carry as many watches as the proxy allows.
func overStreams() *http.Client {
	config := settings()
	config.NextProtos = nil // The transport's own.
	return &http.Client{Transport: &http.Transport{TLSClientConfig: config, ForceAttemptHTTP2: true}}
}

// watchStream opens one watch and returns when its first event has come.
func watchStream(client *http.Client, to target) (io.Closer, error) {
	request, err := http.NewRequest("GET", "https://"+to.address+watchPath, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+to.token)
	answer, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode != 200 || answer.ProtoMajor != 2 {
		answer.Body.Close()
		return nil, fmt.Errorf("%s %s", answer.Proto, answer.Status)
	}
	var got []byte
	buffer := make([]byte, 64)
	for !bytes.Contains(got, []byte("first")) {
		n, err := answer.Body.Read(buffer)
		if err != nil {
			answer.Body.Close()
			return nil, fmt.Errorf("%w after %q", err, got)
		}
		got = append(got, buffer[:n]...)
	}
	return answer.Body, nil
}
