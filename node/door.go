package node

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"iconet.example/config"
	"iconet.example/node/account"
	"iconet.example/node/api"
	"iconet.example/node/ops"
	"iconet.example/node/web"
)

// The bounds of every listener (security notes, 13).
const (
	headerTimeout   = 5 * time.Second
	readTimeout     = 30 * time.Second
	writeTimeout    = 60 * time.Second
	idleTimeout     = 60 * time.Second
	maxHeader       = 16 << 10
	shutdownTimeout = 5 * time.Second
)

// door is a listener with what answers on it.
type door struct {
	name     string
	listener net.Listener
	server   *http.Server
}

func newDoor(name string, l net.Listener, h http.Handler, logger *slog.Logger) door {
	return door{name: name, listener: l, server: &http.Server{Handler: h, ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout,
		WriteTimeout: writeTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeader,
		ErrorLog: slog.NewLogLogger(logger.Handler(), slog.LevelDebug)}}
}

// run answers until ctx ends, then lets requests under way finish for a short time.
func (d door) run(ctx context.Context) error {
	ended := make(chan error, 1)
	go func() { ended <- d.server.Serve(d.listener) }()
	select {
	case err := <-ended:
		return fmt.Errorf("serving the %s: %w", d.name, err)
	case <-ctx.Done():
	}
	late, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTimeout)
	defer cancel()
	if err := d.server.Shutdown(late); err != nil {
		d.server.Close() // whoever is still reading after that long is cut off
	}
	<-ended
	return nil
}

func (n *Node) openPeople() (err error) {
	n.accounts, err = account.New(account.Config{Store: n.store, TestNetwork: n.c.Config.TestNetwork, Now: now})
	return err
}

// openDoors opens the portal, the control socket and the operations listener, in this order.
func (n *Node) openDoors() error {
	if err := n.openPortal(); err != nil {
		return err
	}
	control, err := listenControl(n.c.Dir)
	if err != nil {
		return err
	}
	n.addDoor("control socket", control, api.New(api.Config{Self: n.self, Office: n.office, Accounts: n.accounts, Trail: n.trail,
		Node: inspector{n}, Done: n.done, Now: now, Logger: n.c.Logger}))
	operations, err := net.Listen("tcp", n.c.Config.Operations.Listen)
	if err != nil {
		return fmt.Errorf("listening for health and metrics: %w", err)
	}
	n.addDoor("operations listener", operations, ops.New(ops.Config{Gatherer: n.metrics, Ready: n.ready}))
	return nil
}

func (n *Node) openPortal() error {
	portal := n.c.Config.Portal
	l, err := net.Listen("tcp", portal.Listen)
	if err != nil {
		return fmt.Errorf("listening for the portal: %w", err)
	}
	if portal.Cert != "" {
		cert, err := tls.LoadX509KeyPair(portal.Cert, portal.Key)
		if err != nil {
			return errors.Join(fmt.Errorf("reading the portal's certificate: %w: %w", err, config.ErrConfig), l.Close())
		}
		l = tls.NewListener(l, &tls.Config{MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{cert}, NextProtos: []string{"http/1.1"}})
	}
	handler, err := web.New(web.Config{Self: n.self, Host: portal.Host, TestNetwork: n.c.Config.TestNetwork, Secure: portal.Cert != "",
		Office: n.office, Accounts: n.accounts, Trail: n.trail, View: n.docs.Current, Peers: n.replica.Status, Now: now, Logger: n.c.Logger})
	if err != nil {
		return errors.Join(err, l.Close())
	}
	n.addDoor("portal", l, handler)
	return nil
}

func (n *Node) addDoor(name string, l net.Listener, h http.Handler) {
	n.doors = append(n.doors, newDoor(name, l, h, n.c.Logger))
	n.onClose(func() error {
		if err := l.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			return fmt.Errorf("closing the %s: %w", name, err)
		}
		return nil
	})
}

// maxSocketPath is what the system takes for the name of a socket (unix(7)).
const maxSocketPath = 107

// listenControl opens the socket by which the command line reaches this node. Its file mode is the protection: whoever
// may open it is the operator. The lock on the store was taken before, so a socket that is there is a dead one.
func listenControl(dir string) (net.Listener, error) {
	path := filepath.Join(dir, SocketFile)
	if len(path) > maxSocketPath {
		return nil, fmt.Errorf("the path of the control socket has %d bytes, the system takes %d: choose a shorter data directory", len(path), maxSocketPath)
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("removing an old control socket: %w", err)
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, fmt.Errorf("opening the control socket: %w", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(fmt.Errorf("protecting the control socket: %w", err), l.Close())
	}
	return l, nil
}

// ready says why the node should not be sent people yet, or nil.
func (n *Node) ready() error {
	if !n.rebuilt.Load() {
		return errors.New("the index is being rebuilt")
	}
	return n.writable()
}
