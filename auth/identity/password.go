package identity

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"runtime"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/crypto/bcrypt"

	"needletail/auth/passwordhash"
)

const (
	// DefaultBcryptCost is Keystone's: about 0.2 s a hash.
	DefaultBcryptCost = 12
	// MaxPasswordBytes is Keystone's [identity] max_password_length.
	MaxPasswordBytes = 4096
	// bcryptBytes is how much of a password bcrypt looks at; Keystone cuts there.
	bcryptBytes = 72
	// cachedPasswords bounds the verified passwords that are remembered.
	cachedPasswords = 4096
)

// verifier hashes passwords with bcrypt and verifies them against what package
// passwordhash can read. A password that was found right is remembered as an
// HMAC under a key of this process, together with the hash that it was right
// for: a new hash makes the memory useless. Wrong ones are never remembered, and
// an unknown user costs as much as one with a hash of ours.
type verifier struct {
	cost  int
	key   [sha256.Size]byte
	right *lru.Cache[[sha256.Size]byte, struct{}]
	// slots bounds the hashes that are computed at a time.
	slots chan struct{}
	dummy *passwordhash.Hash
}

func newVerifier(cost int) (*verifier, error) {
	if cost == 0 {
		cost = DefaultBcryptCost
	}
	v := &verifier{cost: cost, slots: make(chan struct{}, runtime.GOMAXPROCS(0))}
	_, _ = rand.Read(v.key[:]) // crypto/rand.Read does not fail
	var err error
	if v.right, err = lru.New[[sha256.Size]byte, struct{}](cachedPasswords); err != nil {
		return nil, err
	}
	dummy, err := bcrypt.GenerateFromPassword(v.key[:bcryptBytes/4], cost)
	if err == nil {
		v.dummy, err = passwordhash.Parse(string(dummy))
	}
	if err != nil {
		return nil, fmt.Errorf("identity: bcrypt cost: %w", err)
	}
	return v, nil
}

func cut(password string) []byte { return []byte(password[:min(len(password), bcryptBytes)]) }

// enter waits for a slot.
func (v *verifier) enter(ctx context.Context) error {
	select {
	case v.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (v *verifier) hash(ctx context.Context, password string) (string, error) {
	if password == "" || len(password) > MaxPasswordBytes {
		return "", invalid("user", fmt.Sprintf("a password has 1 to %d bytes", MaxPasswordBytes))
	}
	if err := v.enter(ctx); err != nil {
		return "", err
	}
	defer func() { <-v.slots }()
	hash, err := bcrypt.GenerateFromPassword(cut(password), v.cost)
	return string(hash), err
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
	if err := v.enter(ctx); err != nil {
		return false, err
	}
	defer func() { <-v.slots }()
	ok := hash.Matches([]byte(password)) && known
	if ok {
		v.right.Add(memory, struct{}{})
	}
	return ok, nil
}

// outdated says whether the password, which is the secret, should be hashed
// anew: bcrypt at the cost of now takes the place of other schemes and of lower
// costs. It does not look at all of a longer password, which stays as it is.
func (v *verifier) outdated(s secret, password string) bool {
	hash, err := passwordhash.Parse(s.hash)
	return err == nil && hash.BcryptCost < v.cost && len(password) <= bcryptBytes
}

func (v *verifier) memory(s secret, password string) (sum [sha256.Size]byte) {
	h := hmac.New(sha256.New, v.key[:])
	fmt.Fprintf(h, "%d %s %d %s %s", len(s.id), s.id, len(s.hash), s.hash, password)
	h.Sum(sum[:0])
	return sum
}
