"""Where bytes are kept: `Store` for files at any fsspec address; `ml_core.store.embeddings` has the embedding cache."""

from ml_core.store.files import Kept, Store

__all__ = ["Kept", "Store"]
