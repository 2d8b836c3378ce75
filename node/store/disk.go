package store

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// acquire takes the process lock of the directory. The kernel drops it with the process, so it is never stale.
func acquire(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("locking the store: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, ErrLocked
		}
		return nil, fmt.Errorf("locking the store: %w", err)
	}
	return f, nil
}

// free gives the bytes that are free where path lies.
func free(path string) (uint64, error) {
	var st syscall.Statfs_t
	if err := syscall.Statfs(path, &st); err != nil {
		return 0, fmt.Errorf("asking for free space: %w", err)
	}
	return st.Bavail * uint64(st.Bsize), nil
}
