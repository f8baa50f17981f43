"""The small files of a hub model, fetched without its weights."""

from pathlib import Path

from core.errors import ModelError

_ELSEWHERE = "Download the model elsewhere and give its folder, or take 'starter', which comes with Fewtune."
_HUB_PATIENCE = 5.0
"""Seconds that the hub gets to answer."""
_WANTED = ("config.json", "tokenizer_config.json", "tokenizer.json", "chat_template.jinja")


def _hub_answers(hub_id: str) -> bool:
    """Whether the hub can be reached at all: the library itself tries for half a minute before it says no.

    Raises:
        RepositoryNotFoundError: It answers, and has no such model, or only for those who accepted its terms.
        EntryNotFoundError: It answers, and what it has is no model.
    """
    from httpx2 import TransportError  # the hub library's own client
    from huggingface_hub import get_hf_file_metadata, hf_hub_url
    from huggingface_hub.errors import (
        EntryNotFoundError,
        HfHubHTTPError,
        OfflineModeIsEnabled,
        RepositoryNotFoundError,
    )

    try:
        get_hf_file_metadata(hf_hub_url(hub_id, "config.json"), timeout=_HUB_PATIENCE)
    except (RepositoryNotFoundError, EntryNotFoundError):
        raise
    except (TransportError, OfflineModeIsEnabled, HfHubHTTPError):
        return False
    return True


def fetch_facts(hub_id: str) -> Path:
    """Fetch the small files of a hub model, from the local cache where they are, and return their folder.

    Raises:
        ModelError: The hub cannot be reached, has no such model, or has it with pickled weights only.
    """
    from huggingface_hub import HfApi, hf_hub_download
    from huggingface_hub.errors import EntryNotFoundError, GatedRepoError, RepositoryNotFoundError

    try:
        config = Path(hf_hub_download(hub_id, "config.json", local_files_only=not _hub_answers(hub_id)))
        if not any(config.parent.glob("*.safetensors")):
            files = set(HfApi().list_repo_files(hub_id))
            if not any(name.endswith(".safetensors") for name in files):
                raise ModelError(
                    f"{hub_id} holds no .safetensors file; pickled weights can run code.", "Choose another model."
                )
            for name in files.intersection(_WANTED[1:]):
                hf_hub_download(hub_id, name)
    except GatedRepoError as error:
        raise ModelError(f"{hub_id} asks you to accept its terms first.", _ELSEWHERE) from error
    except RepositoryNotFoundError as error:
        raise ModelError(
            f"The hub has no public model called {hub_id}.", f"Check the spelling. {_ELSEWHERE}"
        ) from error
    except (EntryNotFoundError, OSError, ValueError) as error:
        raise ModelError(f"{hub_id} could not be fetched from the hub and is not in its cache.", _ELSEWHERE) from error
    return config.parent
