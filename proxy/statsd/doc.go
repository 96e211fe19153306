// SPDX-License-Identifier: Apache-2.0

// Package statsd sends figures of answered requests to a statsd, with the names
// that Swift's proxies use (swift/common/middleware/proxy_logging.py,
// swift/common/utils.py: StatsdClient). Of a request to an account, a container
// or an object:
//
//	PREFIX.proxy-server.TYPE.METHOD.STATUS.first-byte.timing:MS|ms   GET alone
//	PREFIX.proxy-server.TYPE.METHOD.STATUS.timing:MS|ms
//	PREFIX.proxy-server.TYPE.METHOD.STATUS.xfer:BYTES|c
//
// and the same again for an object whose policy is known, with
// object.policy.INDEX in the place of TYPE. A sampled line ends with "|@RATE".
// A METHOD outside of Swift's list is BAD_METHOD.
//
// Swift sends each line in a datagram. A Client joins lines with "\n", as far as
// packetBytesMax allows: every statsd takes both forms.
//
// Invariant: no request waits for the network. Send puts the request into a
// queue of queueMax, or counts the request as dropped. Run alone formats lines
// and writes to the socket.
package statsd
