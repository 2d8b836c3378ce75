package store

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
)

// The mark file has two slots of 64 bytes: u64 write number, u32 incarnation, u64 size of the own log, 12 zero bytes and
// the SHA-256 of these. Writes alternate, so a torn one leaves the other.
const slotSize = 64

type position struct {
	incarnation uint32
	size        uint64
}

type mark struct {
	file *os.File
	seq  uint64
	last position
}

func openMark(path string) (*mark, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening the mark: %w", err)
	}
	m := &mark{file: f}
	for slot := range int64(2) {
		b := make([]byte, slotSize)
		if _, err := f.ReadAt(b, slot*slotSize); errors.Is(err, io.EOF) {
			continue
		} else if err != nil {
			f.Close()
			return nil, fmt.Errorf("reading the mark: %w", err)
		}
		sum := sha256.Sum256(b[:32])
		if seq := binary.BigEndian.Uint64(b); [32]byte(b[32:]) == sum && seq > m.seq {
			m.seq = seq
			m.last = position{incarnation: binary.BigEndian.Uint32(b[8:]), size: binary.BigEndian.Uint64(b[12:])}
		}
	}
	return m, nil
}

// write makes p durable.
func (m *mark) write(p position) error {
	if m.seq > 0 && (p.incarnation < m.last.incarnation || p.incarnation == m.last.incarnation && p.size <= m.last.size) {
		return nil // a log that comes back piece by piece is not whole before it reaches the mark
	}
	b := make([]byte, 32, slotSize)
	binary.BigEndian.PutUint64(b, m.seq+1)
	binary.BigEndian.PutUint32(b[8:], p.incarnation)
	binary.BigEndian.PutUint64(b[12:], p.size)
	sum := sha256.Sum256(b)
	if _, err := m.file.WriteAt(append(b, sum[:]...), int64((m.seq+1)%2)*slotSize); err != nil {
		return fmt.Errorf("writing the mark: %w", err)
	}
	if err := m.file.Sync(); err != nil {
		return fmt.Errorf("writing the mark: %w", err)
	}
	m.seq, m.last = m.seq+1, p
	return nil
}

func (m *mark) close() error { return m.file.Close() }
