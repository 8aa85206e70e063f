// SPDX-License-Identifier: Apache-2.0

// A broadcaster on net/http and gorilla/websocket, as good Go chat servers are built: a registry under a read-write
// lock, a writer goroutine for each connection with a bounded queue and a write deadline; who does not keep up is
// closed.
package main

import (
	"flag"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

const (
	queueLength   = 256
	writeDeadline = 5 * time.Second
)

type client struct {
	socket *websocket.Conn
	queue  chan *websocket.PreparedMessage
	once   sync.Once
	gone   chan struct{}
}

func (c *client) end() {
	c.once.Do(func() {
		close(c.gone)
		c.socket.Close()
	})
}

type room struct {
	lock    sync.RWMutex
	clients map[*client]struct{}
}

func (r *room) add(c *client) {
	r.lock.Lock()
	r.clients[c] = struct{}{}
	r.lock.Unlock()
}

func (r *room) remove(c *client) {
	r.lock.Lock()
	delete(r.clients, c)
	r.lock.Unlock()
	c.end()
}

func (r *room) broadcast(message *websocket.PreparedMessage) {
	r.lock.RLock()
	defer r.lock.RUnlock()
	for c := range r.clients {
		select {
		case c.queue <- message:
		default:
			c.end() // its reader takes it out of the room
		}
	}
}

func (c *client) write() {
	defer c.end()
	for {
		select {
		case <-c.gone:
			return
		case message := <-c.queue:
			c.socket.SetWriteDeadline(time.Now().Add(writeDeadline))
			if c.socket.WritePreparedMessage(message) != nil {
				return
			}
		}
	}
}

func (r *room) serve(w http.ResponseWriter, request *http.Request) {
	upgrader := websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}
	socket, err := upgrader.Upgrade(w, request, nil)
	if err != nil {
		return
	}
	c := &client{socket: socket, queue: make(chan *websocket.PreparedMessage, queueLength), gone: make(chan struct{})}
	r.add(c)
	defer r.remove(c)
	go c.write()
	for {
		kind, text, err := socket.ReadMessage()
		if err != nil {
			return
		}
		message, err := websocket.NewPreparedMessage(kind, text)
		if err != nil {
			return
		}
		r.broadcast(message)
	}
}

func main() {
	port := flag.Int("port", 0, "0: any")
	flag.Parse()
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", *port))
	if err != nil {
		panic(err)
	}
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	r := &room{clients: make(map[*client]struct{})}
	panic(http.Serve(listener, http.HandlerFunc(r.serve)))
}
