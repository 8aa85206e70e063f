// SPDX-License-Identifier: Apache-2.0

// A broadcaster on net/http and gorilla/websocket, as good Go chat servers are built: a registry under a read-write
// lock, a writer goroutine for each connection with a bounded queue and a write deadline; who does not keep up is
// closed. A path is a room. With -glue the writer puts what has queued up into one frame, with line ends between, as the
// library's chat example does.
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

type message struct {
	text     []byte
	prepared *websocket.PreparedMessage // nil: texts are glued
}

type client struct {
	socket *websocket.Conn
	queue  chan message
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

func (r *room) broadcast(m message) {
	r.lock.RLock()
	defer r.lock.RUnlock()
	for c := range r.clients {
		select {
		case c.queue <- m:
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
		case m := <-c.queue:
			c.socket.SetWriteDeadline(time.Now().Add(writeDeadline))
			if c.writeOne(m) != nil {
				return
			}
		}
	}
}

func (c *client) writeOne(m message) error {
	if m.prepared != nil {
		return c.socket.WritePreparedMessage(m.prepared)
	}
	frame, err := c.socket.NextWriter(websocket.TextMessage)
	if err != nil {
		return err
	}
	frame.Write(m.text)
	for count := len(c.queue); count > 0; count-- {
		frame.Write([]byte{'\n'})
		frame.Write((<-c.queue).text)
	}
	return frame.Close()
}

type server struct {
	upgrader websocket.Upgrader
	glues    bool
	lock     sync.RWMutex
	rooms    map[string]*room
}

func (s *server) room(path string) *room {
	s.lock.Lock()
	defer s.lock.Unlock()
	r := s.rooms[path]
	if r == nil {
		r = &room{clients: make(map[*client]struct{})}
		s.rooms[path] = r
	}
	return r
}

func (s *server) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	socket, err := s.upgrader.Upgrade(w, request, nil)
	if err != nil {
		return
	}
	c := &client{socket: socket, queue: make(chan message, queueLength), gone: make(chan struct{})}
	r := s.room(request.URL.Path)
	r.add(c)
	defer r.remove(c)
	go c.write()
	for {
		kind, text, err := socket.ReadMessage()
		if err != nil {
			return
		}
		m := message{text: text}
		if !s.glues {
			m.prepared, err = websocket.NewPreparedMessage(kind, text)
		}
		if err != nil {
			return
		}
		r.broadcast(m)
	}
}

func main() {
	port := flag.Int("port", 0, "0: any")
	glues := flag.Bool("glue", false, "several messages in one frame")
	compresses := flag.Bool("compress", false, "permessage-deflate")
	flag.Parse()
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", *port))
	if err != nil {
		panic(err)
	}
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	panic(http.Serve(listener, &server{
		upgrader: websocket.Upgrader{
			CheckOrigin:       func(*http.Request) bool { return true },
			EnableCompression: *compresses,
		},
		glues: *glues,
		rooms: make(map[string]*room),
	}))
}
