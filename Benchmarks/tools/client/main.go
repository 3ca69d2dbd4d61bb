// SPDX-License-Identifier: Apache-2.0

// Command client is the load that wrk and h2load do not make. All subcommands print one JSON object to a line.
//
//	client hold    ADDRESS tls|plain|h2 TOKEN_FILE BYTES    reads numbers from standard input: holds so many watches
//	client connect ADDRESS tls|plain TOKEN_FILE SECONDS full|resume   connection, one request, close; over and over
//	client tunnel  ADDRESS tls|plain TOKEN_FILE SECONDS  sends through tunnels what comes back
package main

import (
	"bufio"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"strconv"
	"strings"
	"time"
)

const (
	objectPath = "/api/v1/namespaces/default/pods/web-0"
	watchPath  = "/api/v1/namespaces/default/pods?watch=true"
	patience   = 60 * time.Second
)

// target is where to connect to, how, and as whom.
type target struct {
	address string
	isTLS   bool
	isHTTP2 bool
	token   string
}

// settings of TLS: one key exchange, so that every peer does the same arithmetic.
func settings() *tls.Config {
	return &tls.Config{
		InsecureSkipVerify: true, MinVersion: tls.VersionTLS13, NextProtos: []string{"http/1.1"},
		CurvePreferences: []tls.CurveID{tls.X25519}, ServerName: "localhost",
	}
}

func (t target) dial(config *tls.Config) (net.Conn, error) {
	c, err := net.Dial("tcp", t.address)
	if err != nil {
		return nil, err
	}
	c.SetDeadline(time.Now().Add(patience))
	if t.isTLS {
		return tls.Client(c, config), nil
	}
	return c, nil
}

func (t target) request(path string, fields string) []byte {
	return []byte("GET " + path + " HTTP/1.1\r\nHost: localhost\r\nUser-Agent: bench\r\nAccept: application/json\r\n" +
		"Authorization: Bearer " + t.token + "\r\n" + fields + "\r\n")
}

// head reads an answer's head: its status and its Content-Length (-1: none).
func head(r *bufio.Reader) (status int, length int, err error) {
	length = -1
	for first := true; ; first = false {
		line, err := r.ReadString('\n')
		if err != nil {
			return status, length, err
		}
		line = strings.TrimRight(line, "\r\n")
		if line == "" {
			return status, length, nil
		}
		if first {
			if words := strings.Fields(line); len(words) > 1 {
				status, _ = strconv.Atoi(words[1])
			}
			continue
		}
		if name, value, ok := strings.Cut(line, ":"); ok && strings.EqualFold(name, "content-length") {
			length, _ = strconv.Atoi(strings.TrimSpace(value))
		}
	}
}

// fetch sends a request and takes its whole answer in, which must have a Content-Length.
func fetch(c net.Conn, r *bufio.Reader, request []byte) error {
	if _, err := c.Write(request); err != nil {
		return err
	}
	status, length, err := head(r)
	if err != nil {
		return err
	}
	if status != 200 || length < 0 {
		return fmt.Errorf("status %d, length %d", status, length)
	}
	_, err = io.CopyN(io.Discard, r, int64(length))
	return err
}

func say(result any) {
	if err := json.NewEncoder(os.Stdout).Encode(result); err != nil {
		log.Fatal(err)
	}
}

func main() {
	token, err := os.ReadFile(os.Args[4])
	if err != nil {
		log.Fatal(err)
	}
	to := target{
		address: os.Args[2], isTLS: os.Args[3] == "tls", isHTTP2: os.Args[3] == "h2",
		token: strings.TrimSpace(string(token)),
	}
	number, err := strconv.Atoi(os.Args[5])
	if err != nil {
		log.Fatal(err)
	}
	switch os.Args[1] {
	case "hold":
		hold(to, number)
	case "connect":
		connect(to, time.Duration(number)*time.Second, os.Args[6] == "resume")
	case "tunnel":
		tunnel(to, time.Duration(number)*time.Second)
	default:
		log.Fatalf("unknown subcommand %q", os.Args[1])
	}
}
