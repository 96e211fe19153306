// SPDX-License-Identifier: Apache-2.0

package token

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math"
	"time"
)

// Kind is the payload version of keystone/token/token_formatters.py.
type Kind int

// The kinds that are issued and understood. Keystone's further kinds
// (federation, OAuth) do not parse.
const (
	Unscoped Kind = 0
	Domain   Kind = 1
	Project  Kind = 2
	Trust    Kind = 3
	System   Kind = 8
	AppCred  Kind = 9
)

// Payload is the content of a token. An id of 32 lower-case hex digits takes 16
// bytes.
//
//	kind      msgpack array
//	Unscoped  [0, U(user), methods, expiry, [audit…]]
//	Domain    [1, U(user), methods, bin16 domain or its id, expiry, [audit…]]
//	Project   [2, U(user), methods, U(project), expiry, [audit…]]
//	Trust     [3, U(user), methods, U(project), expiry, [audit…], bin16 trust]
//	System    [8, U(user), methods, "all", expiry, [audit…]]
//	AppCred   [9, U(user), methods, U(project), expiry, [audit…], U(credential)]
//
// U(x) is [true, 16 bytes] of a UUID, else [false, x]; expiry is float64 Unix
// seconds; methods is a bit mask.
type Payload struct {
	Kind    Kind
	UserID  string
	Methods []string // "password", "token"…
	ScopeID string   // the project's or domain's id, else ""
	// Delegation is the id of the trust or the application credential; "" for
	// every kind without delegation.
	Delegation string
	Expires    time.Time
	// AuditIDs has the token's own audit id, and the parent's audit id if the
	// token came from another token. Each id is 22 characters of base64url.
	AuditIDs []string
}

const (
	systemAll  = "all"
	uuidBytes  = 16
	maxAudits  = 2
	maxSeconds = 1 << 38 // about the year 10 700
)

// MethodEC2 is the method of a token from an EC2 signature. The method has no
// bit: a token without any bit is such a token.
const MethodEC2 = "ec2credential"

// methodBits is in the order of Keystone's default [auth] methods; totp, which
// sites append, is last.
var methodBits = []string{"external", "password", "token", "oauth1", "mapped", "application_credential", "totp"}

func encodePayload(p Payload) ([]byte, error) {
	if len(p.UserID) > maxString || len(p.ScopeID) > maxString || len(p.Delegation) > maxString || len(p.AuditIDs) > maxAudits {
		return nil, fmt.Errorf("token: an id is too long, or there are too many audit ids")
	}
	b := appendArray(make([]byte, 0, 96), p.Kind.fields())
	b = appendUint(b, uint16(p.Kind))
	b = appendID(b, p.UserID)
	b = appendUint(b, methodMask(p.Methods))
	switch p.Kind {
	case Unscoped:
	case Domain:
		if raw, ok := uuidOf(p.ScopeID); ok {
			b = appendBin(b, raw)
		} else {
			b = appendString(b, p.ScopeID)
		}
	case Project, Trust, AppCred:
		b = appendID(b, p.ScopeID)
	case System:
		b = appendString(b, systemAll)
	default:
		return nil, fmt.Errorf("token: kind %d cannot be issued", p.Kind)
	}
	b = appendFloat(b, float64(p.Expires.Unix()))
	b = appendArray(b, len(p.AuditIDs))
	for _, id := range p.AuditIDs {
		raw, err := base64.RawURLEncoding.DecodeString(id)
		if err != nil || len(raw) != uuidBytes {
			return nil, fmt.Errorf("token: not an audit id")
		}
		b = appendBin(b, raw)
	}
	switch p.Kind {
	case AppCred:
		b = appendID(b, p.Delegation)
	case Trust:
		raw, ok := uuidOf(p.Delegation)
		if !ok {
			return nil, fmt.Errorf("token: the id of a trust is no UUID")
		}
		b = appendBin(b, raw)
	}
	return b, nil
}

// fields returns the length of the kind's array.
func (k Kind) fields() int {
	switch k {
	case Unscoped:
		return 5
	case Trust, AppCred:
		return 7
	}
	return 6
}

func decodePayload(b []byte) (Payload, error) {
	r := &reader{buf: b}
	fields := r.array()
	p := Payload{Kind: Kind(r.uint())}
	p.UserID = r.id()
	p.Methods = maskMethods(r.uint())
	switch p.Kind {
	case Unscoped:
	case Domain:
		raw := r.bytes()
		p.ScopeID = string(raw)
		if len(raw) == uuidBytes {
			p.ScopeID = hex.EncodeToString(raw)
		}
	case Project, Trust, AppCred:
		p.ScopeID = r.id()
	case System:
		r.bad = r.bad || string(r.bytes()) != systemAll
	default:
		return Payload{}, ErrInvalid
	}
	p.Expires = r.time()
	n := r.array()
	if r.bad || fields != p.Kind.fields() || n > maxAudits {
		return Payload{}, ErrInvalid
	}
	for range n {
		raw := r.bytes()
		r.bad = r.bad || len(raw) != uuidBytes
		p.AuditIDs = append(p.AuditIDs, base64.RawURLEncoding.EncodeToString(raw))
	}
	switch p.Kind {
	case AppCred:
		p.Delegation = r.id()
	case Trust:
		raw := r.bytes()
		r.bad = r.bad || len(raw) != uuidBytes
		p.Delegation = hex.EncodeToString(raw)
	}
	if r.bad || len(r.buf) != 0 {
		return Payload{}, ErrInvalid
	}
	return p, nil
}

// time reads float64 Unix seconds.
func (r *reader) time() time.Time {
	seconds := r.float()
	if math.IsNaN(seconds) || seconds < 0 || seconds > maxSeconds {
		r.bad = true
		return time.Time{}
	}
	return time.Unix(int64(seconds), 0).UTC()
}

// appendID writes U(id).
func appendID(dst []byte, id string) []byte {
	raw, ok := uuidOf(id)
	dst = appendBool(appendArray(dst, 2), ok)
	if ok {
		return appendBin(dst, raw)
	}
	return appendString(dst, id)
}

// id reads U(id).
func (r *reader) id() string {
	if r.array() != 2 {
		r.bad = true
	}
	isUUID := r.bool()
	raw := r.bytes()
	if !isUUID {
		return string(raw)
	}
	if len(raw) != uuidBytes {
		r.bad = true
	}
	return hex.EncodeToString(raw)
}

// uuidOf returns the bytes of an id in uuid4().hex form. An id in another
// spelling would not come back unchanged, and stays a string.
func uuidOf(id string) ([]byte, bool) {
	if len(id) != 2*uuidBytes {
		return nil, false
	}
	raw, err := hex.DecodeString(id)
	return raw, err == nil && hex.EncodeToString(raw) == id
}

// methodMask returns the bits of methods. A method without a bit is left out.
func methodMask(methods []string) (mask uint16) {
	for _, m := range methods {
		for i, name := range methodBits {
			if m == name {
				mask |= 1 << i
			}
		}
	}
	return mask
}

// maskMethods returns the methods of a mask.
func maskMethods(mask int) (methods []string) {
	if mask == 0 {
		return []string{MethodEC2}
	}
	for i, name := range methodBits {
		if mask&(1<<i) != 0 {
			methods = append(methods, name)
		}
	}
	return methods
}
