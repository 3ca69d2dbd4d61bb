// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"crypto/tls"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// clients is how many clients take turns at connecting.
const clients = 8

// connect makes new connections, with one request on each, for so long. resume: with the session of the one before.
func connect(to target, length time.Duration, resume bool) {
	var made, resumed, failed atomic.Int64
	var group sync.WaitGroup
	start := time.Now()
	for range clients {
		group.Go(func() {
			config := settings()
			if resume {
				config.ClientSessionCache = tls.NewLRUClientSessionCache(4)
			}
			request := to.request(objectPath, "Connection: close\r\n")
			for time.Since(start) < length {
				c, err := once(to, config, request)
				if err != nil {
					failed.Add(1)
					continue
				}
				made.Add(1)
				if secure, ok := c.(*tls.Conn); ok && secure.ConnectionState().DidResume {
					resumed.Add(1)
				}
			}
		})
	}
	group.Wait()
	say(map[string]any{
		"connections": made.Load(), "resumed": resumed.Load(), "failed": failed.Load(),
		"seconds": time.Since(start).Seconds(),
	})
}

func once(to target, config *tls.Config, request []byte) (net.Conn, error) {
	c, err := to.dial(config)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	return c, fetch(c, bufio.NewReaderSize(c, 2048), request)
}
