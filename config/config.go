package config

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"iconet.example/crypto/keyring"
	"iconet.example/federation"
)

// File is the name of the configuration in the data directory.
const File = "iconet.toml"

// ErrConfig is wrapped by every fault of a configuration.
var ErrConfig = errors.New("the configuration cannot be used")

// Config is one node's configuration.
type Config struct {
	// Member is whose node this is; "COM" is the coordinator.
	Member      federation.MemberCode `toml:"member" comment:"Whose node this is: two letters, or COM for the coordinator."`
	TestNetwork bool                  `toml:"test_network" comment:"Loopback only, plain HTTP, unprotected keys. Never in production."`
	Listen      []string              `toml:"listen" comment:"Where other nodes connect: multiaddrs, TCP and QUIC."`
	Portal      Portal                `toml:"portal"`
	Operations  Operations            `toml:"operations"`
	Keys        Keys                  `toml:"keys"`
}

// Portal says where officials reach the portal.
type Portal struct {
	Listen string `toml:"listen" comment:"host:port"`
	Host   string `toml:"host" comment:"Name and port in the address bar; requests for other names are refused."`
	Cert   string `toml:"certificate,omitempty" comment:"TLS certificate chain, PEM. Required outside a test network."`
	Key    string `toml:"private_key,omitempty" comment:"TLS private key, PEM, mode 0600."`
}

// Operations says where health and metrics are served.
type Operations struct {
	Listen string `toml:"listen" comment:"host:port on loopback"`
}

// Keys says what seals the node's keys: one of the two, or nothing in a test network.
type Keys struct {
	PassphraseFile string `toml:"passphrase_file,omitempty" comment:"File with the passphrase, mode 0600. Without it, serve asks on the terminal."`
	Credential     string `toml:"credential,omitempty" comment:"Path of a 32-byte credential of the service manager."`
}

// Load reads the configuration of a data directory. Errors wrap [ErrConfig].
func Load(dir string) (*Config, error) {
	dir = filepath.Clean(dir) // behind a trailing slash a link would be followed
	info, err := os.Lstat(dir)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w: %w", dir, err, ErrConfig)
	}
	if info.Mode()&os.ModeSymlink != 0 {
		return nil, fmt.Errorf("the data directory %s is a symbolic link: give its real path: %w", dir, ErrConfig)
	}
	b, err := os.ReadFile(filepath.Join(dir, File))
	if err != nil {
		return nil, fmt.Errorf("reading the configuration: %w: %w", err, ErrConfig)
	}
	return Parse(b)
}

// Parse reads a configuration. Errors wrap [ErrConfig].
func Parse(b []byte) (*Config, error) {
	c := &Config{}
	dec := toml.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	if err := dec.Decode(c); err != nil {
		var strict *toml.StrictMissingError
		if errors.As(err, &strict) {
			return nil, fmt.Errorf("a key that no node knows:\n%s\n%w", strict.String(), ErrConfig)
		}
		var at *toml.DecodeError
		if errors.As(err, &at) {
			line, _ := at.Position()
			return nil, fmt.Errorf("line %d of the configuration, %s: %w: %w", line, strings.Join(at.Key(), "."), err, ErrConfig)
		}
		return nil, fmt.Errorf("reading the configuration: %w: %w", err, ErrConfig)
	}
	if err := c.validate(); err != nil {
		return nil, err
	}
	return c, nil
}

// validate reports all faults at once.
func (c *Config) validate() error {
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	if m, err := federation.ParseMember(string(c.Member)); err != nil {
		fault("member: %w", err)
	} else {
		c.Member = m
	}
	if len(c.Listen) == 0 {
		fault("listen: give at least one address, such as /ip4/0.0.0.0/tcp/4001")
	}
	for _, addr := range c.Listen {
		if !strings.HasPrefix(addr, "/ip4/") && !strings.HasPrefix(addr, "/ip6/") {
			fault("listen: %q is not an address such as /ip4/0.0.0.0/tcp/4001", addr)
		} else if c.TestNetwork && !strings.HasPrefix(addr, "/ip4/127.") && !strings.HasPrefix(addr, "/ip6/::1/") {
			fault("listen: %q must be a loopback address in a test network", addr)
		}
	}
	for _, door := range [][2]string{{"portal.listen", c.Portal.Listen}, {"operations.listen", c.Operations.Listen}} {
		name, addr := door[0], door[1]
		host, port, err := net.SplitHostPort(addr)
		if _, perr := strconv.ParseUint(port, 10, 16); err != nil || perr != nil {
			fault("%s: %q is not host:port", name, addr)
			continue
		}
		ip := net.ParseIP(host)
		if (name == "operations.listen" || c.TestNetwork) && (ip == nil || !ip.IsLoopback()) {
			fault("%s: %q must be a loopback address", name, addr)
		}
	}
	if c.Portal.Host == "" {
		fault("portal.host: give the name by which officials reach the portal")
	}
	if !c.TestNetwork && (c.Portal.Cert == "" || c.Portal.Key == "") {
		fault("portal.certificate and portal.private_key: required outside a test network")
	}
	if c.Keys.PassphraseFile != "" && c.Keys.Credential != "" {
		fault("keys: give passphrase_file or credential, not both")
	}
	if len(faults) == 0 {
		return nil
	}
	return fmt.Errorf("%w: %w", ErrConfig, errors.Join(faults...))
}

// Encode gives the file's bytes, with a comment at each key.
func (c *Config) Encode() ([]byte, error) {
	b, err := toml.Marshal(c)
	if err != nil {
		return nil, fmt.Errorf("writing the configuration: %w", err)
	}
	return b, nil
}

// Protection says how the node's key files are opened; ask is called where no file holds the passphrase.
func (c *Config) Protection(ask func() ([]byte, error)) keyring.Protection {
	switch {
	case c.Keys.Credential != "":
		return keyring.Protection{Credential: c.Keys.Credential}
	case c.Keys.PassphraseFile != "":
		return keyring.Protection{Passphrase: func() ([]byte, error) { return readSecret(c.Keys.PassphraseFile) }}
	case c.TestNetwork:
		return keyring.Protection{Plain: true}
	default:
		return keyring.Protection{Passphrase: ask}
	}
}

// readSecret reads the first line of a file that nobody else may read.
func readSecret(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("reading the passphrase file: %w: %w", err, keyring.ErrPassphrase)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("the passphrase file can be read by others: set it to mode 0600: %w", keyring.ErrPermissions)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the passphrase file: %w", err)
	}
	line, _, _ := bytes.Cut(b, []byte("\n"))
	return bytes.TrimSuffix(line, []byte("\r")), nil
}
