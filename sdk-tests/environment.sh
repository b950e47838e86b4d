# What every suite runs in: sourced by each, so that one can also be run by hand against a broker that is already up:
#
#   AWS_ENDPOINT_URL_SQS=http://localhost:9324 sdk-tests/suites/go
#
# The endpoint is the one thing that is Pabal's; region and keys are what any user of an AWS SDK has set.
set -euo pipefail
: "${AWS_ENDPOINT_URL_SQS:?the address of a running broker}"
unset AWS_PROFILE AWS_SESSION_TOKEN AWS_ENDPOINT_URL
export AWS_ENDPOINT_URL_SQS AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1
export NO_PROXY=localhost,127.0.0.1 no_proxy=localhost,127.0.0.1
export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test
export AWS_CONFIG_FILE=/nonexistent AWS_SHARED_CREDENTIALS_FILE=/nonexistent AWS_EC2_METADATA_DISABLED=true

checkout=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# What the clients are built and installed into is kept from one checkout to the next.
cache=${XDG_CACHE_HOME:-$HOME/.cache}/pabal-sdk-tests

# Makes a virtual environment with exactly these requirements, once, and puts its programs first in the PATH.
use_venv() {
  local requirements=$1 venv
  venv=$cache/venv-$(basename "$(dirname "$requirements")")-$(sha256sum "$requirements" | cut -c 1-12)
  if [[ ! -e $venv/installed ]]; then
    rm -rf "$venv"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check --no-deps --requirement "$requirements"
    touch "$venv/installed"
  fi
  export PATH=$venv/bin:$PATH PYTHONDONTWRITEBYTECODE=1
}
