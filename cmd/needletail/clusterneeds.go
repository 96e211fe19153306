// SPDX-License-Identifier: Apache-2.0

package main

import (
	"math"

	"needletail/auth/identity"
)

const (
	// clusterConnectionBytes is the memory of one connection of a client to a
	// proxy, beside the accounts of memory: the chunks of an upload on their way to
	// the servers, the buffers of the servers' connections, and goroutines.
	clusterConnectionBytes = 640 << 10

	// codedShare is the part of Go's heap for erasure-coded bodies on their way: one
	// part in codedShare. The requests' own account takes another such part.
	codedShare = 4

	// idleShare is the part of the open files for idle connections to servers, and
	// for connections on which the last servers of a write answer after the client
	// got its answer: one part in idleShare for each of the two.
	idleShare = 8
	// idleMin and idleMax bound each of the two.
	idleMin = 4
	idleMax = 1024
	// pipeShare is the part of the open files for pipes, in which large bodies go
	// from socket to socket: one part in pipeShare. A pipe takes two. pipesMax pipes
	// take half of the pipes' memory that the kernel gives a user without privileges
	// (/proc/sys/fs/pipe-user-pages-soft).
	pipeShare = 16
	pipesMax  = 128
	// folderFiles are the lock of the data folder, and a ring or a configuration
	// that is being read.
	folderFiles = 4
)

// spareConnections is how many connections to servers may be idle, and how many
// may wait for late answers, in a process with a number of open files.
func spareConnections(openFiles uint64) int {
	return int(min(max(openFiles/idleShare, idleMin), idleMax))
}

// pipes is how many pipes a process with a number of open files may have.
func pipes(openFiles uint64) int { return int(min(openFiles/pipeShare/2, pipesMax)) }

// codedBytes is the memory of erasure-coded bodies. 0, the store's default: there is
// no budget.
func (b *budget) codedBytes() int64 { return b.heapBytes / codedShare }

// needs counts the connections to servers: an upload has one to each server of
// an object, and a copy also reads the object that is copied.
func (k clusterKind) needs(b *budget) needs {
	spare := spareConnections(b.openFiles)
	n := needs{
		connectionBytes: clusterConnectionBytes,
		storeFiles:      2*spare + 2*pipes(b.openFiles) + folderFiles,
		requestFiles:    k.widestWrite() + k.widestRead(),
	}
	if cache, err := k.cfg.Cluster.Cache(); err == nil { // a mistake stops the start later
		n.storeFiles += len(cache.Servers) * cache.MaxConns
	}
	if k.cfg.Cluster.BuiltinKeystone {
		n.storeFiles += identity.OpenFiles(false)
	}
	return n
}

// widestWrite is the largest number of servers of a write.
func (k clusterKind) widestWrite() int {
	replicas := max(k.cfg.dir.AccountRing().Replicas(), k.cfg.dir.ContainerRing().Replicas())
	for _, p := range k.cfg.dir.Config().Policies {
		if r, ok := k.cfg.dir.ObjectRing(p.Index); ok {
			replicas = max(replicas, r.Replicas())
		}
	}
	return int(math.Ceil(replicas))
}

// widestRead is the largest number of servers of a read: the fragments of a
// body, or a copy and another that may be faster.
func (k clusterKind) widestRead() int {
	widest := 2
	for _, p := range k.cfg.dir.Config().Policies {
		widest = max(widest, p.DataFragments)
	}
	return widest
}
