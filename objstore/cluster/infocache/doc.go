// SPDX-License-Identifier: Apache-2.0

// Package infocache keeps facts about accounts, containers and shards for some
// seconds, in the memcached servers that Swift's proxies use, or in the process
// if there are none (swift/common/memcached.py; names and values:
// swift/proxy/controllers/base.py).
//
// Vocabulary: a name is the text that Swift's code gives to its cache
// ("container/AUTH_a/c"); a key is the name's MD5 in hex, the form on the wire;
// a life is how long a value stays; a namespace is a range of object names and
// the container that holds the range; a token is the right to fetch what is not
// cached (token.go).
//
// # Invariants
//
//   - A value that needletail writes is a value that Swift reads, and the
//     reverse: the same name, the same key, the same server, the same JSON.
//   - An error of a server is a miss. A pickled value is a miss. A value without
//     the expected shape is a miss.
//   - A call asks at most Config.Tries servers, and waits for each at most for
//     the three timeouts of Config.
//   - A server with more than Config.ErrorLimit errors in Config.ErrorInterval
//     rests for Config.ErrorInterval.
//   - No value is longer than ValueBytesMax, on the way in and on the way out.
//     The cache in the process and the memos of decoded values have bounds on
//     keys and on bytes.
//   - A request that says what facts it will need (Expect) asks memcached once, and sees
//     a single state of each fact, but for its own changes.
//   - Counters are as old as the value: nothing here is exact.
package infocache
