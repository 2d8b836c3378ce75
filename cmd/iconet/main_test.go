package main

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"iconet.example/federation"
	"iconet.example/testnet"
)

// TestMain lets the test binary be the program: nodes of a test network are started from a copy of it named "iconet".
func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) == "iconet" {
		main()
		return
	}
	os.Exit(m.Run())
}

// bringUp starts a test network that ends with the test.
func bringUp(t testing.TB, base int, members ...federation.MemberCode) *testnet.Network {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	root, err := os.MkdirTemp("", "iconet") // short: the path of a control socket has at most 107 bytes
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(root) })
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	n, err := testnet.Up(ctx, testnet.Config{Dir: filepath.Join(root, "net"), Members: members, BasePort: base, Program: program})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if t.Failed() {
			for _, one := range n.Nodes() {
				if b, err := os.ReadFile(one.Log); err == nil {
					t.Logf("log of %s:\n%s", one.Code, b[max(0, len(b)-3000):])
				}
			}
		}
		if err := n.Down(ctx); err != nil {
			t.Error(err)
		}
	})
	return n
}
