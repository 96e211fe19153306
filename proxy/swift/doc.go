// Package swift is the vocabulary of Swift's wing: what several features of
// Swift's API share and the other services do not need. It has the request with
// the right to ask an authorizer, the path split into names, limits, metadata,
// links, and the lines by which features speak to one another. It stands where
// request_helpers.py and constraints.py stand in OpenStack Swift.
//
// The wing below it: controllers answer for accounts, containers and objects;
// middleware has one package for each feature, by the name of Swift's filter;
// pipeline puts them in order; listing encodes pages.
package swift
