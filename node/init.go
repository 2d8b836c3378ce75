package node

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"iconet.example/config"
	"iconet.example/crypto/keyring"
	"iconet.example/crypto/seal"
	"iconet.example/federation"
	"iconet.example/federation/coordinator"
	"iconet.example/federation/directory"
)

// The files of a data directory beside those of its rooms.
const (
	BundleFile    = "network.json"   // the documents with which the node first learns of its network
	EnrolmentFile = "enrolment.json" // what the node's member sends to the coordinator
	CommitteeDir  = "committee"      // the Commission's desk
	SocketFile    = "control.sock"   // where the command line reaches the running node
	keysDir       = "keys"
	rootKeyFile   = "national-root.key"
)

// nodeKeysLife is how long the statement of a node's keys is valid.
const nodeKeysLife = 365 * 24 * time.Hour

// Founding says which data directory to make.
type Founding struct {
	Dir        string // created if it does not exist
	Config     *config.Config
	Name       federation.Text // the member's name, in English and French at least
	Addrs      []string        // multiaddrs by which the others reach the node
	Network    string          // name of a new network; only for the coordinator
	Protection keyring.Protection
	Now        time.Time
}

// Init makes the data directory of a new node: its configuration, its keys, its national root, the statement of its keys
// and its enrolment. For the Commission it founds the network as well. Nothing that exists is written over: a directory
// with a configuration is [keyring.ErrExists]. The national root belongs on a medium of its own once the node is enrolled.
func Init(f Founding) (*coordinator.Enrolment, error) {
	if _, err := os.Lstat(filepath.Join(f.Dir, config.File)); err == nil {
		return nil, fmt.Errorf("%s holds a node already: %w", f.Dir, keyring.ErrExists)
	}
	if err := os.MkdirAll(f.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("making the data directory: %w", err)
	}
	for _, part := range []string{keysDir, CommitteeDir} {
		if _, err := os.Lstat(filepath.Join(f.Dir, part)); err == nil {
			return nil, fmt.Errorf("%s holds %s already: %w", f.Dir, part, keyring.ErrExists)
		}
	}
	e, err := f.make()
	if err != nil { // half a node would stand in the way of the next try
		for _, part := range []string{keysDir, CommitteeDir, EnrolmentFile, BundleFile} {
			err = errors.Join(err, os.RemoveAll(filepath.Join(f.Dir, part)))
		}
		return nil, err
	}
	// The configuration comes last: a directory without one is no node yet.
	return e, f.file(config.File, f.Config.Encode)
}

// make makes all of a node but its configuration.
func (f Founding) make() (*coordinator.Enrolment, error) {
	enrolment, err := found(f)
	if err != nil {
		return nil, err
	}
	if err := f.file(EnrolmentFile, enrolment.Encode); err != nil {
		return nil, err
	}
	if f.Config.Member == federation.Commission {
		desk, err := coordinator.Create(filepath.Join(f.Dir, CommitteeDir), f.Network, f.Config.TestNetwork, f.Protection, f.Now)
		if err != nil {
			return nil, err
		}
		if err := desk.Admit(f.Now, enrolment); err != nil {
			return nil, err
		}
		if err := f.file(BundleFile, desk.Documents().Encode); err != nil {
			return nil, err
		}
	}
	return enrolment, nil
}

// found draws the keys and states them.
func found(f Founding) (*coordinator.Enrolment, error) {
	ring, err := keyring.Create(filepath.Join(f.Dir, keysDir), f.Protection)
	if err != nil {
		return nil, err
	}
	root, err := keyring.CreateKey(filepath.Join(f.Dir, keysDir, rootKeyFile), f.Protection)
	if err != nil {
		return nil, err
	}
	keys := &directory.NodeKeys{Member: f.Config.Member, Version: 1, NotBeforeMS: uint64(f.Now.Add(-time.Minute).UnixMilli()),
		NotAfterMS: uint64(f.Now.Add(nodeKeysLife).UnixMilli()), P2P: ring.P2P.Public(), Sign: ring.Sign.Public(), Witness: ring.Witness.Public(),
		Recipients: []seal.Recipient{ring.Enc[0].Recipient()}, Addrs: f.Addrs}
	if err := keys.SignBy(root); err != nil {
		return nil, err
	}
	e := &coordinator.Enrolment{Code: f.Config.Member, Name: f.Name, NationalRoot: root.Public(), NodeKeys: keys.Encode()}
	encoded, err := e.Encode()
	if err != nil {
		return nil, err
	}
	return coordinator.ParseEnrolment(encoded) // what we send is read by the rules of who receives it
}

// file writes a new file of the data directory.
func (f Founding) file(name string, encode func() ([]byte, error)) error {
	b, err := encode()
	if err != nil {
		return err
	}
	return coordinator.WriteFile(filepath.Join(f.Dir, name), b)
}
