// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"log/slog"
	"os"
	"runtime/debug"
	"syscall"

	"github.com/KimMachineGun/automemlimit/memlimit"

	"needletail/objstore/durable"
	"needletail/proxy/web"
)

// The budget divides the memory and the open files that the process may use
// between the stores, requests and connections. No number of clients makes the
// process need more.

// mebi is the number of bytes of a MiB.
const mebi = 1 << 20

const (
	// minMemoryBytes is the least memory with which the server starts.
	minMemoryBytes = 256 * mebi
	// minHeapBytes is left to Go's heap on a machine with less than all of this.
	minHeapBytes = 96 * mebi

	// minRequestBytes and maxRequestBytes bound the account of bodies and pages
	// that requests hold whole. Between the bounds the account is a quarter of
	// Go's heap.
	minRequestBytes = 24 * mebi
	maxRequestBytes = 1024 * mebi

	// minOpenFiles is the least limit of open files with which the server
	// starts.
	minOpenFiles = 64
	// processFiles is the number of open files beside stores and connections:
	// standard streams, the poller, listening sockets, logs. One part in
	// outgoingShare of the limit is added for outgoing connections, to an
	// external Keystone for example.
	processFiles  = 12
	outgoingShare = 64
	// minConnections is how many connections are accepted however few files may
	// be open.
	minConnections = 4
	// wideOpenFiles is the limit of open files from which on the index may open
	// its usual number of tables.
	wideOpenFiles = 4096
)

// budget is the share of memory and open files of each part of the process.
type budget struct {
	memoryBytes  int64 // of the machine, its cgroup, or limits.memory_bytes
	heapBytes    int64 // debug.SetMemoryLimit
	requestBytes int64 // what requests hold whole
	headBytes    int64 // what heads longer than usual hold
	openFiles    uint64
	indexFiles   int // tables that the index keeps open; 0: its default
	connections  int
	fewFiles     bool // open files are what bounds the connections
}

// newBudget divides the memory of the configuration, or the memory of the
// machine or cgroup, and the open files of the process.
func newBudget(cfg *settings) (budget, error) {
	memory := uint64(cfg.Limits.MemoryBytes)
	if memory == 0 {
		found, err := memlimit.ApplyFallback(memlimit.FromCgroup, memlimit.FromSystem)()
		if err != nil {
			return budget{}, fmt.Errorf("find out how much memory there is (limits.memory_bytes says so instead): %w", err)
		}
		memory = found
	}
	var files syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &files); err != nil {
		return budget{}, os.NewSyscallError("getrlimit", err)
	}
	return divide(cfg, memory, files.Cur)
}

// divide returns the budget of a process with memory bytes and files open
// files.
func divide(cfg *settings, memory, files uint64) (budget, error) {
	b := budget{memoryBytes: int64(min(memory, 1<<62)), openFiles: files}
	if b.memoryBytes < minMemoryBytes {
		return b, fmt.Errorf("%w: %d bytes of memory are too few, the server needs %d", errUsage, memory, minMemoryBytes)
	}
	if files < minOpenFiles {
		return b, fmt.Errorf("%w: the limit of open files (ulimit -n) is %d, the server needs %d", errUsage, files, minOpenFiles)
	}
	if files < wideOpenFiles {
		b.indexFiles = max(int(files/4), durable.OpenFilesMin)
	}
	need := cfg.kind().needs(&b)
	b.heapBytes = max(b.memoryBytes-b.memoryBytes/16-need.memoryBytes, minHeapBytes)
	b.requestBytes = min(max(b.heapBytes/4, minRequestBytes), maxRequestBytes)
	b.headBytes = b.requestBytes / 4

	all := int(min(files, 1<<30))
	left := all - need.storeFiles - processFiles - all/outgoingShare
	byFiles := max(left/(1+need.requestFiles), minConnections)
	byMemory := max(int(b.memoryBytes/4/need.connectionBytes), minConnections)
	b.connections = min(cfg.Limits.MaxConnections, byFiles, byMemory)
	b.fewFiles = b.connections < min(cfg.Limits.MaxConnections, byMemory)
	return b, nil
}

// apply sets the limits of the whole process.
func (b *budget) apply(cfg *settings, logger *slog.Logger) {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(b.heapBytes)
	}
	logger.Info("budget", "memory_bytes", b.memoryBytes, "heap_bytes", b.heapBytes, "request_bytes", b.requestBytes,
		"open_files", b.openFiles, "connections", b.connections)
	if b.fewFiles {
		logger.Warn("the limit of open files (ulimit -n, LimitNOFILE=) allows fewer connections than limits.max_connections and the memory do",
			"configured", cfg.Limits.MaxConnections, "connections", b.connections, "open_files", b.openFiles)
	}
}

// accounts returns the account of memory for requests and the account for long
// request heads. Without a budget both are nil.
func (b *budget) accounts() (requests, heads *web.Memory) {
	if b.requestBytes == 0 {
		return nil, nil
	}
	return web.NewMemory(b.requestBytes), web.NewMemory(b.headBytes)
}
