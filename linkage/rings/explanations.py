"""What else could explain a ring: one function an explanation; its docstring is the text that the reader sees.

Each returns its fit, 0 to 1, per ring. The bounds are shares and sizes that follow from what the words mean (a
household has few members, a company pays with few cards); docs/method.md says how far apart they held on simulated
worlds.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from linkage.model import Verdict
from linkage.rings.codelength import Floats
from linkage.rings.features import Features

ENOUGH = 10.0  # bits of a family that count as evidence; a price, no bound: see docs/method.md
FEW = 5.0  # accounts that one person or one home may well have
OPEN = 0.4  # fit of what an innocent explanation fits as well; under verdicts.FITS, so nobody is accused of it
SCRIPTED = 0.6  # fit of sign-ups within one minute: more than a hint, and less than what two witnesses say
Explanation = Callable[[Features], Floats]


def rising(x: Floats, low: float, high: float) -> Floats:
    """0 up to ``low``, 1 from ``high``, straight between."""
    return np.clip((np.asarray(x, dtype=np.float64) - low) / (high - low), 0.0, 1.0)


def falling(x: Floats, low: float, high: float) -> Floats:
    """1 up to ``low``, 0 from ``high``, straight between."""
    return 1.0 - rising(x, low, high)


def _at_leisure(f: Features) -> Floats:
    """People rarely make their accounts within one hour, but a family may in one evening: half as likely, not never."""
    return np.maximum(falling(f.burst, 0.6, 0.9), 0.5)


def suspect(f: Features) -> Floats:
    """Concealment: many cards, each on few accounts; or the same prompt templates behind addresses and cards that look
    unrelated; or accounts made on one device faster than people sign up. Many accounts on one device, or made within an
    hour on it, are no more than a hint: so are those of a class-room, a kiosk or an office."""
    pay, net, content, device = (f.family(n) for n in ("payment", "network", "content", "device"))
    per_card = pay.join * pay.present * f.size / np.maximum(pay.entities, 1)
    many_cards = rising(pay.entities, 1.5, 4) * falling(pay.top / np.maximum(f.size, 1), 0.35, 0.7)
    many_cards *= np.maximum(falling(per_card, 5, 9), rising(pay.entities, 10, 20)) * (pay.bits > 0)
    scattered = falling(net.top / np.maximum(f.size, 1), 0.6, 0.95) * rising(net.entities, 3, 8)
    one_pipeline = rising(content.purity, 0.45, 0.7) * rising(content.join, 0.08, 0.25) * (content.bits > ENOUGH)
    shared_prompts = rising(content.join, 0.3, 0.6) * rising(content.bits / np.maximum(f.size, 1), 5, 9)
    no_content = ~content.known
    cards_only = np.where(
        no_content, many_cards * (net.bits + device.bits > ENOUGH) * rising(f.size, FEW, 2 * FEW), 0.0
    )
    crowded = np.maximum(rising(device.top, FEW, FEW + 2), rising(f.burst, 0.6, 0.9) * rising(device.top, 1, 3))
    machine = np.maximum(OPEN * crowded, SCRIPTED * rising(f.rush, 0.6, 0.9))
    machine *= (device.bits > ENOUGH) & no_content & ~pay.known
    pipeline = one_pipeline * np.maximum(many_cards, 0.75 * scattered * falling(pay.join, 0.4, 0.8))
    pipeline = np.maximum(pipeline, 0.9 * many_cards * shared_prompts * rising(f.support, 0.6, 0.8))
    return np.asarray(np.maximum(np.maximum(pipeline, cards_only) * rising(f.size, 2.5, FEW), machine))


def household(f: Features) -> Floats:
    """A household: a few people at one address who share a card or a device and write prompts of their own."""
    pay, net, content = (f.family(n) for n in ("payment", "network", "content"))
    shares = np.maximum((net.bits > 0) * net.join, (pay.bits > 0) * pay.join)
    unlike = np.where(content.known, falling(content.bits / np.maximum(f.size, 1), 5, 9), 0.7)
    homes = falling(f.size / np.maximum(pay.entities, 1), FEW, 2 * FEW) * falling(f.size, 60, 120)
    unlike = np.where(content.known | pay.known, unlike, unlike * _at_leisure(f))
    return shares * unlike * np.maximum(falling(f.size, FEW, 2 * FEW), 0.9 * homes * (pay.bits > 0))


def own_accounts(f: Features) -> Floats:
    """One person's own accounts: a handful of accounts on one device, often with one card."""
    pay, device = f.family("payment"), f.family("device")
    on_one_device = rising(device.top / np.maximum(f.size, 1), 0.4, 0.8) * (device.bits > 0)
    paid_alike = np.where(pay.known, np.maximum(pay.join, 0.6), 0.8)
    at_leisure = np.where(pay.known, 1.0, _at_leisure(f))
    return on_one_device * paid_alike * at_leisure * falling(f.size, FEW, 2 * FEW)


def organisation(f: Features) -> Floats:
    """A company or an automation fleet: one card or few, openly shared, and one office network."""
    pay, net, content, device = (f.family(n) for n in ("payment", "network", "content", "device"))
    few_cards = np.maximum(
        rising(pay.top / np.maximum(f.size, 1), 0.25, 0.5), falling(pay.entities * 15 / np.maximum(f.size, 1), 1, 3)
    )
    own_cards = falling(pay.join, 0.1, 0.3) * rising(net.top / np.maximum(f.size, 1), 0.5, 0.8) * 0.8
    own_cards *= (pay.known | content.known) * falling(device.top / np.maximum(f.size, 1), 0.4, 0.8)
    return np.maximum(few_cards * rising(pay.join, 0.4, 0.7) * (pay.bits > 0), own_cards) * rising(f.size, 3.5, 6)


def campus(f: Features) -> Floats:
    """A campus: many people on addresses of one institution, each with a card of their own, who share some prompts."""
    pay, net, content = (f.family(n) for n in ("payment", "network", "content"))
    alone = falling(pay.join, 0.05, 0.2)
    mixed = np.where(content.known, falling(content.purity, 0.6, 0.85) * rising(content.join, 0.2, 0.5), 0.3)
    return alone * net.join * rising(net.exclusive, 0.5, 0.9) * mixed * rising(f.size, 30, 80)


def shared_network(f: Features) -> Floats:
    """Customers of one network: a VPN, a proxy or a carrier's addresses, and little else in common."""
    net = f.family("network")
    share = net.bits / np.maximum(f.bits, 1e-9)
    others = [f.families[n].join for n in sorted(f.families) if n != "network"]
    apart = falling(np.max(others, axis=0), 0.3, 0.6) if others else np.ones(len(f.size))
    return rising(share, 0.5, 0.8) * apart * rising(f.size, 3, 8)


EXPLANATIONS: dict[Verdict, Explanation] = {
    Verdict.SUSPECT: suspect,
    Verdict.HOUSEHOLD: household,
    Verdict.OWN_ACCOUNTS: own_accounts,
    Verdict.ORGANISATION: organisation,
    Verdict.CAMPUS: campus,
    Verdict.SHARED_NETWORK: shared_network,
}
