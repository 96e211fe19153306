package keystone

import (
	"needletail/auth/identity"
	"needletail/proxy/pyjson"
	"needletail/proxy/swift"
)

func credentialRoutes() []route {
	const one = "/v3/credentials/{credential}"
	const ec2 = "/v3/users/{user}/credentials/OS-EC2"
	return []route{
		{method: "GET", pattern: "/v3/credentials", action: "identity:list_credentials", rule: anyToken, handle: listCredentials},
		{method: "POST", pattern: "/v3/credentials", action: "identity:create_credential", rule: anyToken, handle: createCredential},
		{method: "GET", pattern: one, action: "identity:get_credential", rule: credentialReaders, handle: showCredential},
		{method: "PATCH", pattern: one, action: "identity:update_credential", rule: credentialOwners, handle: updateCredential},
		{method: "DELETE", pattern: one, action: "identity:delete_credential", rule: credentialOwners, handle: deleteCredential},
		{method: "GET", pattern: ec2, action: "identity:ec2_list_credentials", rule: ownUserReaders, handle: listEC2},
		{method: "POST", pattern: ec2, action: "identity:ec2_create_credential", rule: ownUserOrAdmin, handle: createEC2},
		{method: "GET", pattern: ec2 + "/{access}", action: "identity:ec2_get_credential", rule: ownUserReaders, handle: showEC2},
		{method: "DELETE", pattern: ec2 + "/{access}", action: "identity:ec2_delete_credential", rule: ownUserOrAdmin, handle: deleteEC2},
	}
}

var credentialReaders = anyOf("admin, system reader or the credential's user", (*call).isSystemReader, (*call).ownsCredential)

var credentialOwners = anyOf("admin or the credential's user", (*call).ownsCredential)

func (c *call) ownsCredential() bool {
	cred, err := c.svc.Credential(c.params["credential"])
	return err == nil && cred.UserID == c.caller.User.ID
}

// mayUseCredentials refuses tokens that stand for a part of their user only: a
// credential would be worth more than they are.
func (c *call) mayUseCredentials() error {
	if c.caller.Delegated() {
		return forbidden("You are not authorized to perform the requested action: Delegated tokens cannot access credentials directly.")
	}
	return nil
}

func (c *call) credential(cred *identity.Credential) pyjson.Object {
	return pyjson.Object{
		{Key: "id", Value: cred.ID}, {Key: "user_id", Value: cred.UserID}, {Key: "project_id", Value: orNull(cred.ProjectID)},
		{Key: "type", Value: cred.Type}, {Key: "blob", Value: cred.Blob}, c.links("credentials", cred.ID),
	}
}

func listCredentials(c *call) (*swift.Response, error) {
	if err := c.mayUseCredentials(); err != nil {
		return nil, err
	}
	all := c.isAdmin() || c.isSystemReader()
	rows, err := c.svc.Credentials(func(cred *identity.Credential) bool { return all || cred.UserID == c.caller.User.ID })
	if err != nil {
		return nil, err
	}
	return c.collection("credentials", render(rows, c.credential), "user_id", "type")
}

func showCredential(c *call) (*swift.Response, error) {
	if err := c.mayUseCredentials(); err != nil {
		return nil, err
	}
	cred, err := c.svc.Credential(c.params["credential"])
	if err != nil {
		return nil, err
	}
	return one(200, "credential", c.credential(cred)), nil
}

// readCredential applies the body to cred. A blob may also be an object.
func (c *call) readCredential(cred *identity.Credential) error {
	in, err := c.inside("credential")
	if err != nil {
		return err
	}
	blobAsText(in)
	user := cred.UserID
	if err := in.fields(map[string]*string{"user_id": &user, "project_id": &cred.ProjectID,
		"type": &cred.Type, "blob": &cred.Blob}); err != nil {
		return err
	}
	if user != c.caller.User.ID && !c.isAdmin() {
		return forbidden("You are not authorized to perform the requested action: " + c.route.action + ".")
	}
	cred.UserID = user
	return nil
}

// blobAsText makes a text of a blob that came as an object.
func blobAsText(in object) {
	if blob, ok := in["blob"].(map[string]any); ok {
		in["blob"] = string(pyjson.Marshal(toPy(blob)))
	}
}

func createCredential(c *call) (*swift.Response, error) {
	if err := c.mayUseCredentials(); err != nil {
		return nil, err
	}
	var cred identity.Credential
	if err := c.readCredential(&cred); err != nil {
		return nil, err
	}
	made, err := c.svc.CreateCredential(cred)
	if err != nil {
		return nil, err
	}
	return one(201, "credential", c.credential(made)), nil
}

// updateCredential changes the blob and nothing else, as Keystone does since its
// fixes of 2025 (credential/schema.py): a credential stays whose it is.
func updateCredential(c *call) (*swift.Response, error) {
	if err := c.mayUseCredentials(); err != nil {
		return nil, err
	}
	old, err := c.svc.Credential(c.params["credential"])
	if err != nil {
		return nil, err
	}
	if old.UserID != c.caller.User.ID && !c.isAdmin() {
		return nil, forbidden("You are not authorized to perform the requested action: " + c.route.action + ".")
	}
	in, err := c.inside("credential")
	if err != nil {
		return nil, err
	}
	for name := range in {
		if name != "blob" {
			return nil, badRequest("Additional properties are not allowed ('" + name + "' was unexpected)")
		}
	}
	if in["blob"] == nil {
		return nil, badRequest("'blob' is a required property")
	}
	blobAsText(in)
	cred := *old
	if err := in.fields(map[string]*string{"blob": &cred.Blob}); err != nil {
		return nil, err
	}
	made, err := c.svc.UpdateCredential(old.ID, func(dst *identity.Credential) { *dst = cred })
	if err != nil {
		return nil, err
	}
	return one(200, "credential", c.credential(made)), nil
}

func deleteCredential(c *call) (*swift.Response, error) {
	if err := c.mayUseCredentials(); err != nil {
		return nil, err
	}
	return dropped(c.svc.DeleteCredential(c.params["credential"]))
}
