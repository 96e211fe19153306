// Package pipeline puts Swift's middleware in order around the controllers. The
// table of stages says of each feature which others must see a request first,
// and why. The package has no behaviour of its own.
package pipeline

import (
	"log/slog"

	"needletail/auth/signing"
	authtempauth "needletail/auth/tempauth"
	"needletail/objstore"
	"needletail/proxy/swift"
	"needletail/proxy/swift/middleware/accountquotas"
	"needletail/proxy/swift/middleware/bulk"
	"needletail/proxy/swift/middleware/catcherrors"
	"needletail/proxy/swift/middleware/cnamelookup"
	"needletail/proxy/swift/middleware/containerquotas"
	"needletail/proxy/swift/middleware/containersync"
	"needletail/proxy/swift/middleware/copy"
	"needletail/proxy/swift/middleware/crossdomain"
	"needletail/proxy/swift/middleware/dlo"
	"needletail/proxy/swift/middleware/domainremap"
	"needletail/proxy/swift/middleware/etagquoter"
	"needletail/proxy/swift/middleware/formpost"
	"needletail/proxy/swift/middleware/gatekeeper"
	"needletail/proxy/swift/middleware/healthcheck"
	"needletail/proxy/swift/middleware/keystoneauth"
	"needletail/proxy/swift/middleware/listendpoints"
	"needletail/proxy/swift/middleware/namecheck"
	"needletail/proxy/swift/middleware/objectversioning"
	"needletail/proxy/swift/middleware/proxylogging"
	"needletail/proxy/swift/middleware/ratelimit"
	"needletail/proxy/swift/middleware/readonly"
	"needletail/proxy/swift/middleware/slo"
	"needletail/proxy/swift/middleware/staticweb"
	"needletail/proxy/swift/middleware/symlink"
	"needletail/proxy/swift/middleware/tempauth"
	"needletail/proxy/swift/middleware/tempurl"
	"needletail/proxy/swift/middleware/versionedwrites"
)

// Config is what a pipeline is built from.
type Config struct {
	// Controllers answer what no middleware answers: accounts, containers,
	// objects and /info.
	Controllers swift.Handler
	Limits      swift.Limits
	Log         *slog.Logger // required
	// Store and Policies are what features look accounts and containers up in.
	Store    objstore.Store
	Policies objstore.Policies
	// TempAuth holds the users of Swift's own login; nil: there are none.
	TempAuth *authtempauth.Auth
	// StorageURLScheme is TempAuth's; "" keeps the request's.
	StorageURLScheme string
	// Keystone, with a nil Validator, leaves Keystone out.
	Keystone keystoneauth.Config
	Symlink  symlink.Config
	// HealthcheckDisablePath is a file that turns /healthcheck into 503.
	HealthcheckDisablePath string
	// Digests are those of the signatures of temporary URLs and forms.
	Digests signing.Digests
	// Filters of Swift with options of their own; a nil one is left out, as in
	// Swift's sample pipeline.
	EtagQuoter  etagquoter.Config
	Bulk        bulk.Config
	CNAMELookup *cnamelookup.Config
	DomainRemap *domainremap.Config
	CrossDomain *crossdomain.Config
	ReadOnly    *readonly.Config
	NameCheck   *namecheck.Config
	RateLimit   *ratelimit.Config
	// SLO nil means slo.DefaultConfig.
	SLO       *slo.Config
	StaticWeb staticweb.Config
	// NoVersionedWrites and NoObjectVersioning are Swift's
	// allow_versioned_writes and allow_object_versioning, turned off.
	NoVersionedWrites, NoObjectVersioning bool
	// ListEndpoints shows strangers where objects are.
	ListEndpoints *listendpoints.Config
	// ContainerSync takes what other clusters send; the Store should be
	// containersync.Record's then.
	ContainerSync *containersync.Realms
	// SwiftAccess notes what Swift's access line says of a request.
	SwiftAccess bool
}

// stage is one line of the table: a folder of proxy/swift/middleware.
type stage struct {
	name string
	// build gives nil for a feature that the configuration leaves out.
	build func(Config) swift.Middleware
	// info is the feature's section of /info; nil for most.
	info func(Config) *swift.InfoSection
	// moreInfo is a second one, of a feature that Swift shows as two.
	moreInfo func(Config) *swift.InfoSection
	// after names the stages that must see a request first, and why.
	after []order
}

type order struct{ stage, why string }

// stages is the order in which middleware sees a request: the first line sees
// it first and its response last. A test holds it to its own reasons, and to
// the folders of proxy/swift/middleware.
var stages = []stage{
	{
		name:  "catcherrors",
		build: func(c Config) swift.Middleware { return catcherrors.New(c.Log) },
	},
	{
		name:  "gatekeeper",
		build: func(Config) swift.Middleware { return gatekeeper.New() },
		after: []order{
			{"catcherrors", "its errors need a transaction id too"},
		},
	},
	{
		name:  "healthcheck",
		build: func(c Config) swift.Middleware { return healthcheck.New(c.HealthcheckDisablePath) },
		after: []order{
			{"catcherrors", "its answers need a transaction id"},
		},
	},
	{
		name: "proxylogging",
		build: func(c Config) swift.Middleware {
			if !c.SwiftAccess {
				return nil
			}
			return proxylogging.New(c.Store)
		},
		after: []order{
			{"healthcheck", "a load balancer would fill the log"},
		},
	},
	{
		name: "cnamelookup",
		build: func(c Config) swift.Middleware {
			if c.CNAMELookup == nil {
				return nil
			}
			return cnamelookup.New(*c.CNAMELookup)
		},
		info: func(c Config) *swift.InfoSection {
			if c.CNAMELookup == nil {
				return nil
			}
			return c.CNAMELookup.Info()
		},
		after: []order{
			{"healthcheck", "a load balancer asks by any name"},
		},
	},
	{
		name: "domainremap",
		build: func(c Config) swift.Middleware {
			if c.DomainRemap == nil {
				return nil
			}
			return domainremap.New(*c.DomainRemap)
		},
		info: func(c Config) *swift.InfoSection {
			if c.DomainRemap == nil {
				return nil
			}
			return c.DomainRemap.Info()
		},
		after: []order{
			{"healthcheck", "a load balancer asks by the host's name, not by an account's"},
			{"cnamelookup", "it takes apart the name that was found"},
		},
	},
	{
		name: "namecheck",
		build: func(c Config) swift.Middleware {
			if c.NameCheck == nil {
				return nil
			}
			return namecheck.New(*c.NameCheck)
		},
		info: func(c Config) *swift.InfoSection {
			if c.NameCheck == nil {
				return nil
			}
			return c.NameCheck.Info()
		},
		after: []order{
			{"domainremap", "a host name is part of the path too"},
		},
	},
	{
		name:  "etagquoter",
		build: func(c Config) swift.Middleware { return etagquoter.New(c.EtagQuoter, c.Store) },
		info:  func(c Config) *swift.InfoSection { return c.EtagQuoter.Info() },
		after: []order{
			{"gatekeeper", "its flags are sysmeta, which must not come from a client"},
			{"domainremap", "it looks at the names in the path"},
		},
	},
	{
		name: "crossdomain",
		build: func(c Config) swift.Middleware {
			if c.CrossDomain == nil {
				return nil
			}
			return crossdomain.New(*c.CrossDomain)
		},
		info: func(c Config) *swift.InfoSection {
			if c.CrossDomain == nil {
				return nil
			}
			return crossdomain.Info()
		},
		after: []order{
			{"domainremap", "a container may have an object of that name"},
		},
	},
	{
		name:  "tempurl",
		build: func(c Config) swift.Middleware { return tempurl.New(c.tempURL()) },
		info:  func(c Config) *swift.InfoSection { return tempurl.Info(c.tempURL()) },
		after: []order{
			{"gatekeeper", "staticweb's X-Backend-Content-Generator opens a container's root, and must not leave"},
			{"healthcheck", "a load balancer signs nothing"},
			{"domainremap", "the path is signed as it is in Swift's API"},
		},
	},
	{
		name:  "formpost",
		build: func(c Config) swift.Middleware { return formpost.New(c.formPost()) },
		info:  func(c Config) *swift.InfoSection { return formpost.Info(c.formPost()) },
		after: []order{
			{"gatekeeper", "a PUT passes the client's Origin on"},
			{"healthcheck", "a load balancer sends no forms"},
			{"domainremap", "the path is signed as it is in Swift's API"},
		},
	},
	{
		name: "listendpoints",
		build: func(c Config) swift.Middleware {
			if c.ListEndpoints == nil {
				return nil
			}
			return listendpoints.New(*c.ListEndpoints, c.Store, c.Policies)
		},
		after: []order{
			{"domainremap", "a container may have objects of that name"},
		},
	},
	{
		name:     "bulk",
		build:    func(c Config) swift.Middleware { return bulk.New(c.Bulk, c.Limits, c.Log) },
		info:     func(c Config) *swift.InfoSection { return c.Bulk.UploadInfo() },
		moreInfo: func(c Config) *swift.InfoSection { return c.Bulk.DeleteInfo() },
		after: []order{
			{"gatekeeper", "it passes lines of the client on"},
			{"domainremap", "it looks at the names in the path"},
		},
	},
	{
		name: "readonly",
		build: func(c Config) swift.Middleware {
			if c.ReadOnly == nil {
				return nil
			}
			return readonly.New(*c.ReadOnly, c.Store)
		},
		info: func(c Config) *swift.InfoSection {
			if c.ReadOnly == nil {
				return nil
			}
			return c.ReadOnly.Info()
		},
		after: []order{
			{"gatekeeper", "its flag is sysmeta, which must not come from a client"},
			{"bulk", "a bulk delete is a POST; its parts are judged"},
		},
	},
	{
		name: "ratelimit",
		build: func(c Config) swift.Middleware {
			if c.RateLimit == nil {
				return nil
			}
			return ratelimit.New(*c.RateLimit, c.Store)
		},
		info: func(c Config) *swift.InfoSection {
			if c.RateLimit == nil {
				return nil
			}
			return c.RateLimit.Info()
		},
		after: []order{
			{"bulk", "each part of a bulk request counts"},
			{"readonly", "a refused write counts nothing"},
		},
	},
	{
		name: "containersync",
		build: func(c Config) swift.Middleware {
			if c.ContainerSync == nil {
				return nil
			}
			return containersync.New(containersync.Config{Realms: c.ContainerSync, Store: c.Store})
		},
		info: func(c Config) *swift.InfoSection {
			if c.ContainerSync == nil {
				return nil
			}
			return c.ContainerSync.Info()
		},
		after: []order{
			{"gatekeeper", "X-Timestamp is taken out of the way there, and the sysmeta it sets must stay"},
			{"domainremap", "the path is signed as it is in Swift's API"},
			{"tempurl", "its rights are those of the container, whatever else is signed"},
			{"bulk", "a peer sends one object at a time"},
			{"readonly", "a cluster that takes no writes takes none of peers"},
		},
	},
	{
		name: "tempauth",
		build: func(c Config) swift.Middleware {
			if c.TempAuth == nil {
				return nil
			}
			return tempauth.New(tempauth.Config{Auth: c.TempAuth, StorageURLScheme: c.StorageURLScheme})
		},
		info: func(c Config) *swift.InfoSection {
			if c.TempAuth == nil {
				return nil
			}
			return tempauth.Info()
		},
		after: []order{
			{"bulk", "each part of a bulk request is authorized by itself"},
			{"gatekeeper", "it sets X-Account-Sysmeta-Core-Access-Control, which must not come from a client"},
			{"healthcheck", "a load balancer has no token"},
			{"tempurl", "a signature is enough: no token is looked at"},
			{"formpost", "a form has no token, and its files are allowed by its signature"},
			{"containersync", "a signature is enough: no token is looked at"},
		},
	},
	{
		name: "keystoneauth",
		build: func(c Config) swift.Middleware {
			if c.TempAuth != nil {
				c.Keystone.PublicPrefixes = append(c.TempAuth.ResellerPrefixes(), c.Keystone.PublicPrefixes...)
			}
			return keystoneauth.New(c.Keystone)
		},
		after: []order{
			{"bulk", "each part of a bulk request is authorized by itself"},
			{"gatekeeper", "it sets X-Account-Sysmeta-Project-Domain-Id, which must not come from a client"},
			{"healthcheck", "a load balancer has no token"},
			{"tempurl", "a signature is enough: no token is looked at"},
			{"formpost", "a form has no token, and its files are allowed by its signature"},
			{"containersync", "a signature is enough: no token is looked at"},
			{"tempauth", "it takes every request without an Authorizer, also the anonymous"},
		},
	},
	{
		name:  "staticweb",
		build: func(c Config) swift.Middleware { return staticweb.New(c.StaticWeb, c.Store) },
		info:  func(Config) *swift.InfoSection { return staticweb.Info() },
		after: []order{
			{"tempurl", "it tells tempurl that a listing is its own, and puts the signature into links"},
			{"tempauth", "it is there for the anonymous, and reads pages as whoever asks"},
			{"keystoneauth", "it is there for the anonymous, and reads pages as whoever asks"},
		},
	},
	{
		name:  "copy",
		build: func(c Config) swift.Middleware { return copy.New(c.Limits) },
		after: []order{
			{"gatekeeper", "it hands the source's sysmeta to the target, and none of the client's"},
			{"tempauth", "source and target are authorized for the one who asks"},
			{"keystoneauth", "source and target are authorized for the one who asks"},
		},
	},
	{
		name:  "containerquotas",
		build: func(c Config) swift.Middleware { return containerquotas.New(objectversioning.Totals(c.Store)) },
		info:  func(Config) *swift.InfoSection { return containerquotas.Info() },
		after: []order{
			{"tempauth", "it asks who could have made the upload"},
			{"keystoneauth", "it asks who could have made the upload"},
			{"copy", "the length of a copy is that of its source"},
		},
	},
	{
		name: "accountquotas",
		build: func(c Config) swift.Middleware {
			return accountquotas.New(objectversioning.Totals(c.Store), c.Policies)
		},
		info: func(Config) *swift.InfoSection { return accountquotas.Info() },
		after: []order{
			{"gatekeeper", "quotas are sysmeta, which must not come from a client"},
			{"tempauth", "it asks who is a reseller, and who could have made the upload"},
			{"keystoneauth", "it asks who is a reseller, and who could have made the upload"},
			{"copy", "the length of a copy is that of its source"},
			{"containerquotas", "the container's answer comes first, as in Swift"},
		},
	},
	{
		name:  "dlo",
		build: func(c Config) swift.Middleware { return dlo.New(c.Limits) },
		after: []order{
			{"staticweb", "an index or an error page may be a manifest"},
			{"tempauth", "the listing and the segments are authorized for the one who asks"},
			{"keystoneauth", "the listing and the segments are authorized for the one who asks"},
			{"copy", "a copy of a manifest has the content of its segments"},
		},
	},
	{
		name:  "slo",
		build: func(c Config) swift.Middleware { return slo.New(c.slo()) },
		info:  func(c Config) *swift.InfoSection { return c.slo().Info() },
		after: []order{
			{"gatekeeper", "manifests are sysmeta, which must not come from a client"},
			{"tempauth", "the segments are authorized for the one who asks"},
			{"keystoneauth", "the segments are authorized for the one who asks"},
			{"copy", "a copy of a manifest has the content of its segments"},
			{"dlo", "the segments of a dynamic large object may be large objects themselves"},
		},
	},
	{
		name:  "versionedwrites",
		build: func(c Config) swift.Middleware { return versionedwrites.New(c.versionedWrites()) },
		info:  func(c Config) *swift.InfoSection { return c.versionedWrites().Info() },
		after: []order{
			{"gatekeeper", "the archive's name is sysmeta, which must not come from a client"},
			{"tempauth", "the write is authorized before the archive is touched"},
			{"keystoneauth", "the write is authorized before the archive is touched"},
			{"copy", "the target of a copy may replace an object"},
			{"slo", "manifests are archived, not what they stand for"},
			{"dlo", "manifests are archived, not what they stand for"},
		},
	},
	{
		name:  "symlink",
		build: func(c Config) swift.Middleware { return symlink.New(c.Symlink) },
		info:  func(c Config) *swift.InfoSection { return symlink.Info(c.Symlink) },
		after: []order{
			{"gatekeeper", "links are sysmeta, which must not come from a client"},
			{"tempauth", "each hop is authorized for the one who asks"},
			{"keystoneauth", "each hop is authorized for the one who asks"},
			{"copy", "a copy of a link, made with symlink=get, is the PUT of a link"},
			{"slo", "a link to a manifest has the content of its segments"},
			{"dlo", "a link to a manifest has the content of its segments"},
			{"versionedwrites", "it asks for links with symlink=get"},
		},
	},
	{
		name:  "objectversioning",
		build: func(c Config) swift.Middleware { return objectversioning.New(c.objectVersioning()) },
		info:  func(c Config) *swift.InfoSection { return c.objectVersioning().Info() },
		after: []order{
			{"gatekeeper", "what has versions is sysmeta, which must not come from a client"},
			{"copy", "each side of a copy may be a version"},
			{"slo", "a version is a manifest, not what it stands for"},
			{"dlo", "a version is a manifest, not what it stands for"},
			{"versionedwrites", "a container has one kind of versions, and its sysmeta says which"},
			{"symlink", "a version may be a link, and a link leads to a name, whose version is the target"},
		},
	},
}

func (c Config) tempURL() tempurl.Config {
	return tempurl.Config{Digests: c.Digests, Keys: c.Store}
}

func (c Config) formPost() formpost.Config {
	return formpost.Config{Digests: c.Digests, Keys: c.Store}
}

func (c Config) slo() slo.Config {
	if c.SLO == nil {
		return slo.DefaultConfig()
	}
	return *c.SLO
}

func (c Config) versionedWrites() versionedwrites.Config {
	return versionedwrites.Config{Store: c.Store, Disabled: c.NoVersionedWrites}
}

func (c Config) objectVersioning() objectversioning.Config {
	return objectversioning.Config{Store: c.Store, Policies: c.Policies, Limits: c.Limits, Disabled: c.NoObjectVersioning}
}

// New is Swift's part of the server: all middleware around the controllers.
func New(c Config) swift.Handler {
	h := c.Controllers
	for i := len(stages) - 1; i >= 0; i-- {
		if m := stages[i].build(c); m != nil {
			h = m(h)
		}
	}
	return h
}

// InfoSections are what the middleware of the pipeline tells in /info.
func InfoSections(c Config) []swift.InfoSection {
	var sections []swift.InfoSection
	for _, s := range stages {
		for _, info := range []func(Config) *swift.InfoSection{s.info, s.moreInfo} {
			if info == nil {
				continue
			}
			if section := info(c); section != nil {
				sections = append(sections, *section)
			}
		}
	}
	return sections
}
