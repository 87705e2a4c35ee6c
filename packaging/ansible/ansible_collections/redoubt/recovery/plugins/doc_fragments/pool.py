# Copyright: the authors of Redoubt
# SPDX-License-Identifier: Apache-2.0
"""What every module of the collection says of the pool that it speaks with."""


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  url:
    description: The address of the pool's coordinator, such as C(https://primary.example).
    type: str
    required: true
  user:
    description: The name of a user of the pool.
    type: str
    default: root
  password:
    description: The user's password.
    type: str
    required: true
  ca_path:
    description: A file with the certificates to trust, if they are not among those that the machine trusts.
    type: path
  validate_certs:
    description: Whether the pool must prove with its certificate that it is the pool.
    type: bool
    default: true
"""

    # Of what is kept under a name.
    NAMED = r"""
options:
  name:
    description: What it is called.
    type: str
    required: true
  state:
    description: Whether it is to be there.
    type: str
    choices: [present, absent]
    default: present
attributes:
  check_mode: {support: full}
  diff_mode: {support: full}
"""
