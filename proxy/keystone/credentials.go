// SPDX-License-Identifier: Apache-2.0

package keystone

import (
	"needletail/auth/identity"
	"needletail/proxy/pyjson"
	"needletail/proxy/web"
)

func credentialRoutes() []route {
	const one = "/v3/credentials/{credential}"
	const ec2 = "/v3/users/{user}/credentials/OS-EC2"
	return []route{
		{method: "GET", pattern: "/v3/credentials", action: "identity:list_credentials", rule: notDelegated(anyToken), handle: listCredentials},
		{method: "POST", pattern: "/v3/credentials", action: "identity:create_credential", rule: notDelegated(anyToken), handle: createCredential},
		{method: "GET", pattern: one, action: "identity:get_credential", rule: credentialReaders, handle: showCredential},
		{method: "PATCH", pattern: one, action: "identity:update_credential", rule: credentialOwners, handle: updateCredential},
		{method: "DELETE", pattern: one, action: "identity:delete_credential", rule: credentialOwners, handle: deleteCredential},
		{method: "GET", pattern: ec2, action: "identity:ec2_list_credentials", rule: ec2Readers, handle: listEC2},
		{method: "POST", pattern: ec2, action: "identity:ec2_create_credential", rule: ec2Writers, handle: createEC2},
		{method: "GET", pattern: ec2 + "/{access}", action: "identity:ec2_get_credential", rule: ec2Readers, handle: showEC2},
		{method: "DELETE", pattern: ec2 + "/{access}", action: "identity:ec2_delete_credential", rule: ec2Writers, handle: deleteEC2},
	}
}

var credentialReaders = notDelegated(anyOf("admin, system reader or the credential's user", (*call).isSystemReader, (*call).ownsCredential))

var credentialOwners = notDelegated(anyOf("admin or the credential's user", (*call).writesCredential))

// ownsCredential says whether the credential of the path is the caller's.
func (c *call) ownsCredential() bool {
	cred, err := c.svc.Credential(c.params.Get("credential"))
	return err == nil && cred.UserID == c.caller.User.ID
}

// writesCredential says whether the caller may change the credential of the
// path: the credential is the caller's, of a kind that the caller may keep.
func (c *call) writesCredential() bool {
	cred, err := c.svc.Credential(c.params.Get("credential"))
	return err == nil && cred.UserID == c.caller.User.ID && c.mayKeep(cred.Type)
}

// mayKeep says whether the caller's roles allow to keep credentials of a type.
// EC2 keys need the role member, here as on the paths of OS-EC2.
func (c *call) mayKeep(credentialType string) bool {
	return credentialType != identity.TypeEC2 || c.isAdmin() || c.caller.HasRole(roleMember)
}

func (c *call) credential(cred *identity.Credential) pyjson.Object {
	return pyjson.Object{
		{Key: "id", Value: cred.ID}, {Key: "user_id", Value: cred.UserID}, {Key: "project_id", Value: orNull(cred.ProjectID)},
		{Key: "type", Value: cred.Type}, {Key: "blob", Value: cred.Blob}, c.links("credentials", cred.ID),
	}
}

func listCredentials(c *call) (*web.Response, error) {
	all := c.isAdmin() || c.isSystemReader()
	rows, err := c.svc.Credentials(func(cred *identity.Credential) bool { return all || cred.UserID == c.caller.User.ID })
	if err != nil {
		return nil, err
	}
	return c.collection("credentials", render(rows, c.credential), "user_id", "type")
}

func showCredential(c *call) (*web.Response, error) {
	cred, err := c.svc.Credential(c.params.Get("credential"))
	if err != nil {
		return nil, err
	}
	return one(200, "credential", c.credential(cred)), nil
}

// readCredential applies the body to cred. A blob may be a text or an object.
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
	if user != c.caller.User.ID && !c.isAdmin() || !c.mayKeep(cred.Type) {
		return forbidden("You are not authorized to perform the requested action: " + c.route.action + ".")
	}
	cred.UserID = user
	return nil
}

// blobAsText replaces a blob that came as an object by the object's text.
func blobAsText(in object) {
	if blob, ok := in["blob"].(map[string]any); ok {
		in["blob"] = string(pyjson.Marshal(toPy(blob)))
	}
}

func createCredential(c *call) (*web.Response, error) {
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

// updateCredential changes the blob and nothing else, as Keystone does since
// the fixes of 2025 (credential/schema.py): a credential never changes the
// user.
func updateCredential(c *call) (*web.Response, error) {
	return patch[identity.Credential]{
		key: "credential", id: c.params.Get("credential"), find: c.svc.Credential, show: c.credential,
		read: readBlob, update: c.svc.UpdateCredential,
	}.serve(c)
}

// readBlob applies a body with a blob, and no further member, to cred.
func readBlob(in object, cred *identity.Credential) error {
	for name := range in {
		if name != "blob" {
			return badRequest("Additional properties are not allowed ('" + name + "' was unexpected)")
		}
	}
	if in["blob"] == nil {
		return badRequest("'blob' is a required property")
	}
	blobAsText(in)
	return in.fields(map[string]*string{"blob": &cred.Blob})
}

func deleteCredential(c *call) (*web.Response, error) {
	return dropped(c.svc.DeleteCredential(c.params.Get("credential")))
}
