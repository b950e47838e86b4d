// Package tour tours SQS with the AWS SDK for Go and the libraries built on it. Nothing is set but the endpoint, by
// its environment variable.
package tour
