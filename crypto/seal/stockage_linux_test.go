package seal_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"iconet.example/crypto/seal"
)

// TestStockAgeOpensAnItem is the promise to whoever exports an item: the age of their system opens it with the passphrase.
func TestStockAgeOpensAnItem(t *testing.T) {
	age, err := exec.LookPath("age")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("age is not installed, and under CI this test must run")
		}
		t.Skip("age is not installed: install the package age to run this test")
	}
	plain := bytes.Repeat([]byte("An item that any stock age opens.\n"), 3000) // more than one chunk
	sealed, key, err := seal.SealItem(nil, plain)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	in, out := filepath.Join(dir, "item.age"), filepath.Join(dir, "item")
	if err := os.WriteFile(in, sealed, 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	screen := answerOnTerminal(t, exec.CommandContext(ctx, age, "--decrypt", "--output", out, in), key.Passphrase()+"\n")
	got, err := os.ReadFile(out)
	if err != nil {
		t.Fatalf("%v; age said %q", err, screen)
	}
	if !bytes.Equal(got, plain) {
		t.Errorf("age gave %d bytes that are not the item's %d", len(got), len(plain))
	}
}

// answerOnTerminal runs cmd on a pseudo-terminal, types answer once cmd has asked something, and gives what it showed.
func answerOnTerminal(t *testing.T, cmd *exec.Cmd, answer string) string {
	t.Helper()
	master, slave := openTerminal(t)
	defer master.Close()
	cmd.Stdin, cmd.Stdout, cmd.Stderr = slave, slave, slave
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true} // Ctty 0: standard input
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	slave.Close() // so that reading ends when cmd does
	var screen bytes.Buffer
	for buf, asked := make([]byte, 1024), false; ; {
		n, err := master.Read(buf)
		screen.Write(buf[:n])
		if err != nil {
			break // the kernel says EIO once nobody has the other end
		}
		if !asked && bytes.Contains(screen.Bytes(), []byte("assphrase")) {
			asked = true
			if _, err := master.WriteString(answer); err != nil {
				t.Errorf("typing the answer: %v", err)
			}
		}
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("%s: %v; it said %q", filepath.Base(cmd.Path), err, screen.String())
	}
	return screen.String()
}

func openTerminal(t *testing.T) (master, slave *os.File) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	fd := int(master.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	slave, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	return master, slave
}
