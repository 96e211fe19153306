// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"fmt"

	lru "github.com/hashicorp/golang-lru/v2"

	"needletail/auth/passwordhash"
)

const (
	// DefaultBcryptCost is Keystone's default: about 0.2 s a hash.
	DefaultBcryptCost = 12
	// MaxPasswordBytes is Keystone's default of [identity] max_password_length.
	MaxPasswordBytes = 4096
	// cachedPasswords bounds the verified passwords in memory.
	cachedPasswords = 4096
)

// verifier hashes passwords with bcrypt_sha256, and verifies passwords against
// every hash readable by package passwordhash.
//
// A right password is remembered as an HMAC of the user, the stored hash and
// the password, under a random key of this process. A remembered password is
// verified without a hash and without the queue. A new hash of the user makes
// the memory useless. Wrong passwords are never remembered. An unknown user
// costs a hash of the usual cost: the time tells a guesser nothing about
// existing names.
type verifier struct {
	cost  int
	key   [sha256.Size]byte
	right *lru.Cache[[sha256.Size]byte, struct{}]
	queue *hashQueue
	dummy *passwordhash.Hash // matched in place of an unknown user's hash
}

// newVerifier returns a verifier for new hashes of the cost, DefaultBcryptCost
// if zero. The error names a cost out of range.
func newVerifier(cost int) (*verifier, error) {
	if cost == 0 {
		cost = DefaultBcryptCost
	}
	v := &verifier{cost: cost, queue: newHashQueue()}
	_, _ = rand.Read(v.key[:]) // crypto/rand.Read does not fail
	var err error
	if v.right, err = lru.New[[sha256.Size]byte, struct{}](cachedPasswords); err != nil {
		return nil, err
	}
	dummy, err := passwordhash.Generate(v.key[:], cost)
	if err == nil {
		v.dummy, err = passwordhash.Parse(dummy)
	}
	if err != nil {
		return nil, fmt.Errorf("identity: bcrypt cost: %w", err)
	}
	return v, nil
}

// hash returns the bcrypt_sha256 hash of a password, after a wait in the
// queue. The error is of KindInvalid for an empty password or more than
// MaxPasswordBytes bytes, of KindBusy, or the context's.
func (v *verifier) hash(ctx context.Context, password string) (string, error) {
	if password == "" || len(password) > MaxPasswordBytes {
		return "", invalid("user", fmt.Sprintf("a password has 1 to %d bytes", MaxPasswordBytes))
	}
	if err := v.queue.enter(ctx); err != nil {
		return "", err
	}
	defer v.queue.leave()
	return passwordhash.Generate([]byte(password), v.cost)
}

// secret is a stored hash with the ID of its user or application credential.
// The zero value stands for an unknown user: no password matches.
type secret struct{ id, hash string }

// secretOf returns the secret of a user, the zero value for nil.
func secretOf(u *User) secret {
	if u == nil {
		return secret{}
	}
	return secret{u.ID, u.PasswordHash}
}

// verify reports whether password matches the secret. A secret without a
// readable hash never matches and takes as long as a wrong password. After a
// turn in the queue, and before the hash, verify calls admitted (optional) and
// gives up with its error: what happened meanwhile may have made the hash
// useless. A further error is of KindBusy or the context's, from the queue.
func (v *verifier) verify(ctx context.Context, s secret, password string, admitted func() error) (bool, error) {
	if len(password) > MaxPasswordBytes {
		return false, nil
	}
	hash, err := passwordhash.Parse(s.hash)
	known := err == nil
	var memory [sha256.Size]byte
	if known {
		memory = v.memory(s, password)
		if _, ok := v.right.Get(memory); ok {
			return true, nil
		}
	} else {
		hash = v.dummy
	}
	if err := v.queue.enter(ctx); err != nil {
		return false, err
	}
	defer v.queue.leave()
	if admitted != nil {
		if err := admitted(); err != nil {
			return false, err
		}
	}
	ok := hash.Matches([]byte(password)) && known
	if ok {
		v.right.Add(memory, struct{}{})
	}
	return ok, nil
}

// outdated reports whether a right secret should be hashed anew: the cost is
// lower than the configured cost. Schemes other than bcrypt_sha256 count as
// cost 0, plain bcrypt too, because bcrypt ignores all bytes after the 72nd.
func (v *verifier) outdated(s secret) bool {
	hash, err := passwordhash.Parse(s.hash)
	return err == nil && hash.Cost < v.cost
}

// renew returns a new hash of a right password, and remembers the password
// under the new hash: the next login does not wait. Errors are as of hash.
func (v *verifier) renew(ctx context.Context, s secret, password string) (hash string, err error) {
	if hash, err = v.hash(ctx, password); err == nil {
		v.right.Add(v.memory(secret{s.id, hash}, password), struct{}{})
	}
	return hash, err
}

// memory returns the key of a right password in the cache. The lengths keep
// fields of different lengths apart.
func (v *verifier) memory(s secret, password string) (sum [sha256.Size]byte) {
	h := hmac.New(sha256.New, v.key[:])
	fmt.Fprintf(h, "%d %s %d %s %s", len(s.id), s.id, len(s.hash), s.hash, password)
	h.Sum(sum[:0])
	return sum
}
