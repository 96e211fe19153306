package identity

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strconv"
)

// TypeEC2 is the type of a credential whose blob is an EC2Key.
const TypeEC2 = "ec2"

// Bounds on credentials; Keystone's limit on their number is off by default.
const (
	maxCredentials = 1000
	maxBlobBytes   = 64 << 10
)

// EC2Key is the blob of an EC2 credential.
type EC2Key struct {
	Access string `json:"access"`
	Secret string `json:"secret"`
	// TrustID and AppCredID would make it a part of a delegation, which no key
	// here is: a key that names one is refused.
	TrustID   string `json:"trust_id,omitempty"`
	AppCredID string `json:"app_cred_id,omitempty"`
}

// EC2CredentialID is the id of the credential with that access key.
func EC2CredentialID(access string) string {
	sum := sha256.Sum256([]byte(access))
	return hex.EncodeToString(sum[:])
}

// CreateCredential stores c, whose Blob is in clear; an empty ID gets a new
// one, or that of its access key.
func (s *Service) CreateCredential(c Credential) (*Credential, error) {
	if c.Type == TypeEC2 {
		key, err := parseEC2Key(c.Blob)
		if err != nil {
			return nil, err
		}
		c.ID = EC2CredentialID(key.Access)
	}
	c.ID = idOr(c.ID)
	shown := c
	return &shown, s.update(func(t *tx) error {
		if err := s.checkCredential(&c); err != nil {
			return err
		}
		n := 0
		for _, other := range s.credentials.rows {
			if other.UserID == c.UserID {
				n++
			}
		}
		if n >= maxCredentials {
			return &Error{Kind: KindForbidden, Op: "create", Entity: "credential",
				Detail: "Unable to create additional credentials, maximum of " +
					strconv.Itoa(maxCredentials) + " already exceeded for user."}
		}
		if err := free(s.credentials, "credential", "", c.ID, &c); err != nil {
			return err
		}
		c.Blob = s.credentialKeys.Seal([]byte(c.Blob))
		put(t, s.credentials, c.ID, &c)
		return nil
	})
}

// checkCredential checks a credential whose blob is in clear.
func (s *Service) checkCredential(c *Credential) error {
	if len(c.Blob) > maxBlobBytes || len(c.Type) > maxNameChars || c.Type == "" {
		return invalid("credential", "the blob or the type is too long or empty")
	}
	if _, ok := s.users.rows[c.UserID]; !ok {
		return notFound("user", c.UserID)
	}
	if _, ok := s.projects.rows[c.ProjectID]; !ok && (c.ProjectID != "" || c.Type == TypeEC2) {
		return invalid("credential", "Expecting to find project_id in credential.")
	}
	return nil
}

func parseEC2Key(blob string) (EC2Key, error) {
	var key EC2Key
	if err := json.Unmarshal([]byte(blob), &key); err != nil {
		return key, invalid("credential", "Invalid blob in credential")
	}
	switch {
	case key.Access == "":
		return key, invalid("credential", "Expecting to find access in credential.")
	case key.TrustID != "" || key.AppCredID != "":
		return key, invalid("credential", "Invalid blob in credential")
	}
	return key, nil
}

// opened is a copy of c with the blob in clear.
func (s *Service) opened(c *Credential) (*Credential, error) {
	blob, err := s.credentialKeys.Open(c.Blob)
	if err != nil {
		return nil, &Error{Op: "open", Entity: "credential", Name: c.ID, Err: err}
	}
	shown := *c
	shown.Blob = string(blob)
	return &shown, nil
}

// Credential is the credential of that id, with the blob in clear.
func (s *Service) Credential(id string) (*Credential, error) {
	c, err := get(s, s.credentials, "credential", id)
	if err != nil {
		return nil, err
	}
	return s.opened(c)
}

// Credentials are all that keep (nil: all) says so of, by id, with the blobs in
// clear.
func (s *Service) Credentials(keep func(*Credential) bool) ([]*Credential, error) {
	rows := list(s, s.credentials, keep)
	for i, c := range rows {
		var err error
		if rows[i], err = s.opened(c); err != nil {
			return nil, err
		}
	}
	return rows, nil
}

// UpdateCredential lets edit change a copy, with the blob in clear, and stores
// it. The id stays, and with it an access key.
func (s *Service) UpdateCredential(id string, edit func(*Credential)) (*Credential, error) {
	var shown Credential
	return &shown, s.update(func(t *tx) error {
		old, ok := s.credentials.rows[id]
		if !ok {
			return notFound("credential", id)
		}
		c, err := s.opened(old)
		if err != nil {
			return err
		}
		edit(c)
		c.ID = id
		if err := s.checkCredential(c); err != nil {
			return err
		}
		if c.Type == TypeEC2 || old.Type == TypeEC2 {
			if err := sameEC2Key(id, c); err != nil {
				return err
			}
		}
		shown = *c
		c.Blob = s.credentialKeys.Seal([]byte(c.Blob))
		put(t, s.credentials, id, c)
		return nil
	})
}

// sameEC2Key keeps what a key stands for.
func sameEC2Key(id string, c *Credential) error {
	key, err := parseEC2Key(c.Blob)
	if err != nil {
		return err
	}
	if c.Type != TypeEC2 || EC2CredentialID(key.Access) != id {
		return invalid("credential", "access can not be updated for credential")
	}
	return nil
}

// DeleteCredential deletes a credential.
func (s *Service) DeleteCredential(id string) error {
	return s.update(func(t *tx) error {
		if _, ok := s.credentials.rows[id]; !ok {
			return notFound("credential", id)
		}
		drop(t, s.credentials, id)
		return nil
	})
}

func (s *Service) dropCredentials(t *tx, match func(*Credential) bool) {
	for id, c := range s.credentials.rows {
		if match(c) {
			drop(t, s.credentials, id)
		}
	}
}
