"""The promises of docs/architecture.md, held against the gateway for as long as it takes."""
