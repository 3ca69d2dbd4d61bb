// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"io"
	"log"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// tunnels is how many tunnels are open at a time.
const tunnels = 4

// tunnel pushes bytes through upgraded connections for so long and counts those that came back.
func tunnel(to target, length time.Duration) {
	var returned atomic.Int64
	var group sync.WaitGroup
	start := time.Now()
	for range tunnels {
		c, err := to.dial(settings())
		if err != nil {
			log.Fatal(err)
		}
		r := bufio.NewReaderSize(c, 65536)
		path := "/api/v1/namespaces/default/pods/web-0/exec?command=cat&stdin=true&stdout=true"
		upgrade := "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" +
			"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
		if _, err := c.Write(to.request(path, upgrade)); err != nil {
			log.Fatal(err)
		}
		status, _, err := head(r)
		if err != nil || status != 101 {
			say(map[string]any{"unsupported": true, "status": status})
			return
		}
		group.Go(func() { push(c, start.Add(length)) })
		group.Go(func() {
			buffer := make([]byte, 65536)
			for time.Since(start) < length {
				n, err := r.Read(buffer)
				returned.Add(int64(n))
				if err != nil {
					return
				}
			}
			// What is on the way must be taken in, or the other side cannot end.
			io.Copy(io.Discard, r)
		})
	}
	group.Wait()
	say(map[string]any{"bytes": returned.Load(), "seconds": length.Seconds()})
}

func push(c net.Conn, end time.Time) {
	buffer := make([]byte, 65536)
	for time.Now().Before(end) {
		if _, err := c.Write(buffer); err != nil {
			break
		}
	}
	c.Close()
}
