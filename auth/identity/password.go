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
	// DefaultBcryptCost is Keystone's: about 0.2 s a hash.
	DefaultBcryptCost = 12
	// MaxPasswordBytes is Keystone's [identity] max_password_length.
	MaxPasswordBytes = 4096
	// cachedPasswords bounds the verified passwords that are remembered.
	cachedPasswords = 4096
)

// verifier hashes passwords with bcrypt_sha256 and verifies them against what
// package passwordhash can read. A password that was found right is remembered
// as an HMAC under a key of this process, together with the hash that it was
// right for: a new hash makes the memory useless. Wrong ones are never
// remembered, and an unknown user costs as much as one with a hash of ours.
// Remembered passwords do not wait in the queue.
type verifier struct {
	cost  int
	key   [sha256.Size]byte
	right *lru.Cache[[sha256.Size]byte, struct{}]
	queue *hashQueue
	dummy *passwordhash.Hash
}

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

// secret is a hash and the id of whom it belongs to; the zero value is nobody's.
type secret struct{ id, hash string }

func secretOf(u *User) secret {
	if u == nil {
		return secret{}
	}
	return secret{u.ID, u.PasswordHash}
}

// verify says whether password is the secret; nobody's takes as long as a wrong
// one.
func (v *verifier) verify(ctx context.Context, s secret, password string) (bool, error) {
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
	ok := hash.Matches([]byte(password)) && known
	if ok {
		v.right.Add(memory, struct{}{})
	}
	return ok, nil
}

// outdated says whether a secret that was right should be hashed anew: by other
// schemes than ours, plain bcrypt among them, not every byte of it counts, and a
// lower cost than that of now is too low.
func (v *verifier) outdated(s secret) bool {
	hash, err := passwordhash.Parse(s.hash)
	return err == nil && hash.Cost < v.cost
}

// renew hashes a secret anew that was right, and remembers it: the next login
// need not wait.
func (v *verifier) renew(ctx context.Context, s secret, password string) (hash string, err error) {
	if hash, err = v.hash(ctx, password); err == nil {
		v.right.Add(v.memory(secret{s.id, hash}, password), struct{}{})
	}
	return hash, err
}

func (v *verifier) memory(s secret, password string) (sum [sha256.Size]byte) {
	h := hmac.New(sha256.New, v.key[:])
	fmt.Fprintf(h, "%d %s %d %s %s", len(s.id), s.id, len(s.hash), s.hash, password)
	h.Sum(sum[:0])
	return sum
}
