"""Text from models: an endpoint, a local model, recorded captions. Importing this loads nothing."""
