// SPDX-License-Identifier: Apache-2.0

package keystone

import (
	"encoding/json"

	"needletail/auth/identity"
	"needletail/proxy/pyjson"
	"needletail/proxy/web"
)

// ec2Credential shows a credential as OS-EC2 does.
func (c *call) ec2Credential(cred *identity.Credential) pyjson.Object {
	var key identity.EC2Key
	_ = json.Unmarshal([]byte(cred.Blob), &key) // a stored blob has been checked
	return pyjson.Object{
		{Key: "user_id", Value: cred.UserID}, {Key: "tenant_id", Value: cred.ProjectID}, {Key: "access", Value: key.Access},
		{Key: "secret", Value: key.Secret}, {Key: "trust_id", Value: nil},
		c.links("users/"+cred.UserID+"/credentials/OS-EC2", key.Access),
	}
}

func listEC2(c *call) (*web.Response, error) {
	if _, err := c.svc.User(c.params.Get("user")); err != nil {
		return nil, err
	}
	rows, err := c.svc.Credentials(func(cred *identity.Credential) bool {
		return cred.Type == identity.TypeEC2 && cred.UserID == c.params.Get("user")
	})
	if err != nil {
		return nil, err
	}
	return c.collection("credentials", render(rows, c.ec2Credential))
}

func createEC2(c *call) (*web.Response, error) {
	if _, err := c.svc.User(c.params.Get("user")); err != nil {
		return nil, err
	}
	in, err := c.readObject()
	if err != nil {
		return nil, err
	}
	project, err := in.text("tenant_id")
	if err != nil {
		return nil, err
	}
	if _, err := c.svc.Project(project); err != nil {
		return nil, err
	}
	blob := pyjson.Object{{Key: "access", Value: identity.NewID()}, {Key: "secret", Value: identity.NewID()}}
	made, err := c.svc.CreateCredential(identity.Credential{
		UserID: c.params.Get("user"), ProjectID: project, Type: identity.TypeEC2, Blob: string(pyjson.Marshal(blob)),
	})
	if err != nil {
		return nil, err
	}
	return one(201, "credential", c.ec2Credential(made)), nil
}

// findEC2 returns the credential with the path's access key, if the credential
// belongs to the path's user.
func (c *call) findEC2() (*identity.Credential, error) {
	id := identity.EC2CredentialID(c.params.Get("access"))
	cred, err := c.svc.Credential(id)
	if err == nil && cred.UserID != c.params.Get("user") {
		return nil, newError(404, "Could not find credential: "+id+".")
	}
	return cred, err
}

func showEC2(c *call) (*web.Response, error) {
	cred, err := c.findEC2()
	if err != nil {
		return nil, err
	}
	return one(200, "credential", c.ec2Credential(cred)), nil
}

func deleteEC2(c *call) (*web.Response, error) {
	cred, err := c.findEC2()
	if err != nil {
		return nil, err
	}
	return dropped(c.svc.DeleteCredential(cred.ID))
}
