package testnet

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Process is a node's process. A number alone may long belong to another program, so the start time is kept with it.
type Process struct {
	PID   int    `json:"pid"`   // 0 if it was never started or was stopped
	Start string `json:"start"` // clock ticks since boot, from /proc; "" where the system has none
}

// spawn starts a program that outlives this one, with its output at the end of a log file.
func spawn(program, log string, args ...string) (Process, error) {
	out, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return Process{}, fmt.Errorf("opening a node's log: %w", err)
	}
	defer out.Close()
	cmd := exec.Command(program, args...)
	cmd.Stdout, cmd.Stderr = out, out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "ICONET_") {
			cmd.Env = append(cmd.Env, v)
		}
	}
	if err := cmd.Start(); err != nil {
		return Process{}, fmt.Errorf("starting a node: %w", err)
	}
	p := Process{PID: cmd.Process.Pid, Start: startTime(cmd.Process.Pid)}
	go cmd.Wait() // so that a node that ends before us leaves no zombie
	return p, nil
}

// startTime gives field 22 of /proc/PID/stat (proc(5)), or "" for a process that is gone. The first thread of a killed
// process is a zombie while the others still hold its files and locks, so it counts as gone with the last of them.
func startTime(pid int) string {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return ""
	}
	_, rest, _ := strings.Cut(string(b), ") ") // the name before it may hold spaces
	fields := strings.Fields(rest)
	if len(fields) < 20 || fields[0] == "Z" && (fields[17] == "0" || fields[17] == "1") {
		return ""
	}
	return fields[19]
}

// Alive reports whether the very process that was started still runs.
func (p Process) Alive() bool {
	if p.PID == 0 {
		return false
	}
	if p.Start != "" {
		return startTime(p.PID) == p.Start
	}
	return syscall.Kill(p.PID, 0) == nil
}

// signal sends a signal to the process if it is still the one that was started.
func (p Process) signal(s syscall.Signal) error {
	if !p.Alive() {
		return nil
	}
	if err := syscall.Kill(p.PID, s); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("signalling process %d: %w", p.PID, err)
	}
	return nil
}

// gone waits until the process has ended.
func (p Process) gone(ctx context.Context) error {
	for p.Alive() {
		select {
		case <-time.After(10 * time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("process %d has not ended: %w", p.PID, ctx.Err())
		}
	}
	return nil
}

// stop ends the process, with force after a while.
func (p Process) stop(ctx context.Context) error {
	if err := p.signal(syscall.SIGTERM); err != nil {
		return err
	}
	patient, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	if p.gone(patient) == nil {
		return nil
	}
	return p.kill(ctx)
}

func (p Process) kill(ctx context.Context) error {
	if err := p.signal(syscall.SIGKILL); err != nil {
		return err
	}
	return p.gone(ctx)
}
