// SPDX-License-Identifier: Apache-2.0

package wire

import "strconv"

// quotedNot says which bytes of a path stay as they are: those of Python's
// urllib.parse.quote.
var quotedNot = func() (t [256]bool) {
	const safe = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-~/"
	for i := range len(safe) {
		t[safe[i]] = true
	}
	return t
}()

// Path returns "/device/partition/account/container/object?query", quoted
// (swift/common/bufferedhttp.py: http_connect). Container and object are left
// out where empty. The query must be encoded already.
func Path(device string, partition int, account, container, object, query string) string {
	b := make([]byte, 0, 32+len(device)+len(account)+len(container)+len(object)+len(query))
	b = appendQuoted(append(b, '/'), device)
	b = strconv.AppendInt(append(b, '/'), int64(partition), 10)
	for _, name := range [...]string{account, container, object} {
		if name == "" {
			break
		}
		b = appendQuoted(append(b, '/'), name)
	}
	if query != "" {
		b = append(append(b, '?'), query...)
	}
	return string(b)
}

// Quote quotes a part of a path, or a value that Swift quotes like a path.
func Quote(s string) string { return string(appendQuoted(make([]byte, 0, len(s)), s)) }

func appendQuoted(b []byte, s string) []byte {
	const hex = "0123456789ABCDEF"
	for i := range len(s) {
		if c := s[i]; quotedNot[c] {
			b = append(b, c)
		} else {
			b = append(b, '%', hex[c>>4], hex[c&15])
		}
	}
	return b
}
