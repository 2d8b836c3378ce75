package journal

import (
	"errors"
	"fmt"

	"iconet.example/crypto/merkle"
	"iconet.example/federation"
	"iconet.example/federation/feed"
)

// resume reads the state of the own log: an empty one at the first start.
func resume(c Config) (*feed.Writer, error) {
	spine, err := c.Store.Spine(c.Owner)
	if err != nil && !errors.Is(err, federation.ErrNotFound) {
		return nil, fmt.Errorf("reading the own log: %w", err)
	}
	tree, err := merkle.LoadTree(spine.Size, c.Store.HashReader(c.Owner))
	if err != nil {
		return nil, fmt.Errorf("reading the own log: %w", err)
	}
	if tree.Size() > 0 && tree.Root() != spine.Root {
		return nil, fmt.Errorf("the tree of the own log does not give its signed root: %w", federation.ErrUnverified)
	}
	return feed.NewWriter(c.Owner, spine, tree, c.Signer), nil
}
