"""What else could explain a ring: one function an explanation; its docstring is the text that the reader sees.

Each returns its fit, 0 to 1, per ring. The bounds are shares and sizes that follow from what the words mean (a
household has few members, a company pays with few cards); docs/method/verdicts.md says how far apart they held on
simulated worlds.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from linkage.config import BUILT_IN_FAMILIES
from linkage.model import Verdict
from linkage.rings.codelength import Floats
from linkage.rings.features import FamilyView, Features

ENOUGH = 10.0  # bits of a family that count as evidence; a price, no bound: see docs/method.md
FEW = 5.0  # accounts that one person or one home may well have
OPEN = 0.4  # fit of what an innocent explanation fits as well; under verdicts.FITS, so nobody is accused of it
SCRIPTED = 0.6  # fit of sign-ups within one minute: more than a hint, and less than what two witnesses say
HINT = 0.8  # weight of many methods on few accounts where no account pays by two: so do an agency's clients, too
CLOUD = (20, 40)  # addresses from and beyond which a fleet hardly works
FAT = (4, 8)  # times the usual load from and beyond which nobody's own work is so much, day for day
TEAM = 15.0  # accounts that one payment method of a team pays for
Explanation = Callable[[Features], Floats]


def rising(x: Floats, low: float, high: float) -> Floats:
    """0 up to ``low``, 1 from ``high``, straight between."""
    return np.clip((np.asarray(x, dtype=np.float64) - low) / (high - low), 0.0, 1.0)


def falling(x: Floats, low: float, high: float) -> Floats:
    """1 up to ``low``, 0 from ``high``, straight between."""
    return 1.0 - rising(x, low, high)


def _at_leisure(f: Features) -> Floats:
    """People rarely make their accounts within one hour, but a family may in one evening: half as likely, not never."""
    return np.maximum(falling(f.members.burst, 0.6, 0.9), 0.5)


def crossed_cards(f: Features) -> Floats:
    """How far payment methods cross: several on few accounts each, and accounts that pay by more than one of them.

    Whoever pays for a home, a team or a client pays by one method until it is replaced; a ring by any that works. Where
    a scheduler deals the work out, too, it does not matter how many accounts use each.
    """
    pay = f.family("payment")
    payers = pay.join * pay.present * f.size
    few = np.maximum(falling(payers / np.maximum(pay.entities, 1), 6, 12), dealt_out(f))
    few *= falling(pay.top / np.maximum(payers, 1), 0.7, 0.95)
    crossing = rising(pay.several, 0.08, 0.2) * rising(pay.several * payers, 1, 3)
    return np.asarray(crossing * few * rising(pay.entities, 1.5, 3) * (pay.bits > 0))


def many_cards(f: Features) -> Floats:
    """How far the members draw on many payment methods, each on few accounts, with none in front."""
    return _many(f.family("payment"), f.size, alike_from_everywhere(f)) * (1 - on_one_image(f))


def many_identities(f: Features) -> Floats:
    """How far they do so with another kind that nobody can plant on a stranger, such as phone numbers."""
    users = [view for name, view in sorted(f.families.items()) if name not in BUILT_IN_FAMILIES]
    own = [_many(view, f.size, 0.0) * view.firm for view in users]
    return np.asarray(np.max([np.zeros(len(f.size)), *own], axis=0))


def _many(view: FamilyView, size: Floats, alike: Floats | float) -> Floats:
    """How far members draw on many entities with none in front, each on few accounts or on accounts that are alike."""
    users = view.join * view.present * size / np.maximum(view.entities, 1)
    spread = rising(view.entities, 1.5, 4) * falling(view.top / np.maximum(size, 1), 0.35, 0.7)
    few = np.maximum(falling(users, 5, 9), rising(view.entities, 10, 20))
    return np.asarray(spread * np.maximum(few, alike) * (view.bits > 0))


def open_cards(f: Features) -> Floats:
    """How far one payment method, or one a team, pays for all members: nobody hides behind it."""
    pay = f.family("payment")
    front = rising(pay.top / np.maximum(f.size, 1), 0.35, 0.6) * (1 - crossed_cards(f))
    front *= np.maximum(rising(pay.top, FEW - 2, FEW), falling(f.size, FEW, FEW + 1))
    teams = falling(pay.entities * TEAM / np.maximum(f.size, 1) * (1 - 0.5 * on_one_image(f)), 1, 3)
    teams *= 1 - np.max([alike_from_everywhere(f), many_identities(f), woven_teams(f)], axis=0)
    return np.asarray(np.maximum(front, teams) * rising(pay.join, 0.4, 0.7) * (pay.bits > 0))


def equal_loads(f: Features) -> Floats:
    """How far the accounts do equally much: half of them within a factor of two, more evenly than chance has it.

    One scheduler deals its work out; the loads of people, even of one office, differ by far more.
    """
    return np.asarray(rising(f.members.even.bits, 3, 7) * falling(f.members.even.spread, 1, 1.5))


def one_pipeline(f: Features) -> Floats:
    """How far most members send the same prompt templates and few others."""
    content = f.family("content")
    shared = rising(content.purity, 0.45, 0.7) * rising(content.join, 0.2, 0.45)
    return np.asarray(shared * (content.bits > ENOUGH))


def scattered(f: Features) -> Floats:
    """How far the members come from many addresses, with none in front."""
    net = f.family("network")
    spread = falling(net.top / np.maximum(f.size, 1), 0.6, 0.95) * rising(net.entities, 3, 8)
    return np.asarray(spread * (net.bits > ENOUGH))


def borrowed(f: Features) -> Floats:
    """How far these addresses are strangers' too, or rented: exits of a VPN, or of a proxy in other people's homes.

    A campus and most offices have addresses of their own.
    """
    strange = falling(f.family("network").exclusive, 0.75, 0.95)
    return np.asarray(scattered(f) * np.maximum(strange, rising(f.told.rented, 0.3, 0.7)))


def alike_from_everywhere(f: Features) -> Floats:
    """How far the members work alike from addresses of which there are many, or strangers', with none in front.

    No team does: its people differ in prompts and in loads; and the jobs of a fleet run in few places, or on one image.
    Where the accounts share no devices, as the people of a firm behind one gateway, prompts and loads must be alike.
    """
    device = f.family("device")
    one, other = one_pipeline(f), equal_loads(f)
    shared = rising(device.join * device.present, 0.2, 0.4) * (device.bits > 0)
    alike = np.maximum(np.minimum(one, other), shared * np.maximum(one, other))
    alike = alike * everywhere(f) * falling(device.top / f.size, 0.6, 0.9) * (1 - few_images(f))
    return np.asarray(np.maximum(alike, pooled_devices(f) * ~f.family("content").known))


def everywhere(f: Features) -> Floats:
    """How far the members come from addresses of which there are many, or strangers', with none in front."""
    addresses = f.family("network").entities
    many = np.maximum(rising(addresses, *CLOUD), rising(addresses, 8, 14) * rising(addresses / f.size, 0.2, 0.4))
    return np.maximum(many * scattered(f), borrowed(f))


def pooled_devices(f: Features) -> Floats:
    """How far the members draw on one pool of devices, several each, with none in front, and come from everywhere.

    The tills of a chain of shops hang together shop by shop only; desks that many share stand in an office.
    """
    device = f.family("device")
    return crossed_devices(f) * rising(device.join * device.present, 0.3, 0.5) * everywhere(f)


def crossed_devices(f: Features) -> Floats:
    """How far devices cross: several, which all hang together by those who use two of them, with none in front."""
    device = f.family("device")
    crossing = rising(device.several, 0.15, 0.35) * rising(device.web, 0.75, 0.95) * rising(device.entities, 3, 6)
    return np.asarray(crossing * falling(device.top / f.size, 0.25, 0.45) * (device.bits > ENOUGH))


def pools_of_both(f: Features) -> Floats:
    """How far payment methods and devices both cross among members of whom most send the same prompts, whatever else
    they send, and who come from everywhere or mostly have no address in common.

    Whoever evades evades most often in part: half of the members may have cards, devices and prompts of their own.
    """
    device, net, content = (f.family(n) for n in ("device", "network", "content"))
    apart = np.maximum(everywhere(f), falling(net.join * net.present, 0.4, 0.6) * (net.present > 0))
    prompts = rising(content.join, 0.45, 0.7) * (content.bits > ENOUGH)
    devices = crossed_devices(f) * rising(device.join * device.present, 0.2, 0.3)
    return np.asarray(np.min([crossed_cards(f) * sharing(f), devices, prompts, apart], axis=0))


def woven_teams(f: Features) -> Floats:
    """How far members who work alike in prompts and in loads pay by several methods each, all of which hang together.

    Teams pay by one each, and people of several teams differ.
    """
    pay = f.family("payment")
    alike = rising(pay.several, 0.15, 0.35) * np.minimum(one_pipeline(f), equal_loads(f))
    return np.maximum(alike * rising(pay.web, 0.75, 0.95), dealt_out(f))


def dealt_out(f: Features) -> Floats:
    """How far one pool of payment methods, several for an account, pays for loads so equal that chance has it once in a
    million times, whatever prompts they are. A fleet's jobs run on one image or few, and a method or two pay for them.
    """
    pay, device = f.family("payment"), f.family("device")
    pool = rising(pay.several, 0.08, 0.2) * rising(pay.web, 0.75, 0.95) * rising(pay.entities, 2, 4) * (pay.bits > 0)
    fleet = np.maximum(rising(device.top / f.size, 0.6, 0.9), few_images(f))
    return np.asarray(pool * equal_loads(f) * rising(f.members.even.bits, 10, 20) * (1 - fleet))


def own_things(f: Features) -> Floats:
    """How far the members share neither payment methods nor devices: strangers with one book of prompts on one VPN."""
    families = [f.family("payment"), f.family("device")]
    return np.asarray(np.min([falling(v.join * (v.bits > 0), 0.05, 0.2) * v.known for v in families], axis=0))


def sharing(f: Features) -> Floats:
    """How far more than a few of the members share payment methods or devices, of whatever else they share."""
    pay, device = (v.join * v.present * (v.bits > 0) for v in (f.family("payment"), f.family("device")))
    return np.maximum(rising(pay, 0.35, 0.5), rising(device, 0.2, 0.3))


def even_work(f: Features) -> Floats:
    """Equal loads as a mark: of strangers who share neither payment methods nor devices only where they are so alike
    that chance has it once in a million times. Whoever works by one book of prompts works a little alike."""
    return np.asarray(equal_loads(f) * (1 - own_things(f) * falling(f.members.even.bits, 10, 20)))


def in_one_place(f: Features) -> Floats:
    """How far the members sit in one place with devices of their own, and hide nothing: a class, of whom each pays by a
    method of their own at one address; or an office with an address or two, whoever pays for what.
    """
    pay, net, device = (f.family(n) for n in ("payment", "network", "device"))
    front = net.top / f.size
    alone = rising(front, 0.6, 0.9) * falling(pay.join, 0.1, 0.3) * pay.known * (1 - rising(f.members.heavy, *FAT))
    office = in_office(f) * falling(device.join * device.present, 0.1, 0.3)
    return np.asarray(np.maximum(alone, office * device.known) * (net.bits > 0) * (1 - f.told.rented))


def on_one_image(f: Features) -> Floats:
    """How far the members run on one image behind addresses of their own, and pay by one method each: so do the people
    of a firm that gives out its laptops, its gateway and a card for each, and the workers of a fleet."""
    pay, net, device = (f.family(n) for n in ("payment", "network", "device"))
    own = rising(net.exclusive, 0.9, 1.0) * rising(net.join * net.present, 0.8, 0.95) * (1 - f.told.rented)
    image = rising(device.top / f.size, 0.6, 0.75) * (device.bits > ENOUGH)
    return np.asarray(own * image * falling(pay.several, 0.05, 0.15) * (net.bits > ENOUGH))


def shop_by_shop(f: Features) -> Floats:
    """How far the members fall into parties with a payment method of their own each, and addresses that no two parties
    share, as the shops of a chain do: what a ring deals out of its pools hangs together. Where nothing is known of
    addresses, nearly all must pay so, and nobody by a second method."""
    cards = f.family("payment")
    pay, net = (v.join * v.present * (v.bits > 0) for v in (cards, f.family("network")))
    if "network" not in f.families:
        return falling(f.whole, 0.4, 0.7) * rising(pay, 0.7, 0.9) * falling(cards.several, 0.02, 0.08)
    return falling(f.whole, 0.4, 0.7) * np.minimum(rising(pay, 0.5, 0.7), rising(net, 0.2, 0.35))


def in_office(f: Features) -> Floats:
    """How far the members sit behind an address or two."""
    net = f.family("network")
    return np.asarray(rising(net.top / f.size, 0.4, 0.6) * falling(net.entities, 2, 3) * (net.bits > 0))


def few_images(f: Features) -> Floats:
    """How far a hundred accounts or fewer run on one device or a few, each on one of them only."""
    device = f.family("device")
    return rising(device.top / f.size, 0.2, 0.35) * falling(device.several, 0.1, 0.3) * falling(f.size, 60, 120)


def fleet_like(f: Features) -> Floats:
    """How far the accounts could be an automation fleet's: on one image or few that do not cross, or in one place."""
    abroad = borrowed(f) * rising(f.family("network").entities, *CLOUD) * (1 - few_images(f))
    return 1 - np.maximum(abroad, pooled_devices(f))


def bare_cards(f: Features) -> Floats:
    """How far payment methods accuse where nothing is known of prompts and loads: most members draw on many, and on
    shared devices too. Customers of one reseller of cards, and of one VPN, have devices of their own."""
    pay, device = f.family("payment"), f.family("device")
    most_pay = rising(pay.join * pay.present, 0.3, 0.6) * rising(f.size, FEW, 2 * FEW)
    shared = rising(device.join * device.present, 0.15, 0.3) * (device.bits > ENOUGH) * (1 - in_office(f))
    pools = HINT * np.minimum(many_cards(f), pooled_devices(f)) * (1 - open_cards(f))
    return np.asarray(np.maximum(crossed_cards(f) * shared, pools) * most_pay * ~f.family("content").known)


def handed_on(f: Features) -> Floats:
    """How far members take up each other's work within seconds of a limit or a ban: several of them, from several."""
    timing = f.family("timing")
    return np.asarray(rising(timing.meeting, 0.15, 0.4) * rising(timing.places, 1, 3))


def relay(f: Features) -> Floats:
    """How far most members do, and are more than one person has: what no open payment method explains.

    The jobs of a fleet meet by their timetable now and then, those of two in three of its accounts at times: where all
    run on one image and one method pays for them, that says nothing.
    """
    pay, device = f.family("payment"), f.family("device")
    fleet = rising(np.minimum(pay.top, device.top) / np.maximum(f.size, 1), 0.7, 0.9)
    most = rising(f.family("timing").meeting, 0.45, 0.65) * rising(f.size, FEW - 1, FEW + 1)
    return np.asarray(handed_on(f) * most * (1 - fleet))


def cleared(f: Features) -> Floats:
    """How far labels clear the members, or one known group holds them: nobody is accused of what is known already."""
    grouped = [f.told.grouped(verdict) for verdict in Verdict]
    return np.asarray(np.maximum(rising(f.told.cleared, 0, 0.5), rising(np.max(grouped, axis=0), 0.2, 0.7)))


def suspect(f: Features) -> Floats:
    """Concealment and one pair of hands: no payment method that openly pays for all, and at least two of these marks.
    Payment methods that cross, or many on few accounts each; many things of another kind that nobody can plant, each
    on few accounts; equal loads; the same prompt templates and hardly any others, the more so from many addresses
    that strangers use, too; work that one account takes up within seconds of another's limit or ban; labels that
    accuse members. Or payment methods and devices that both cross, where most send the same prompts from many places,
    whatever else they send. Or accounts made on one device faster than people sign up. Many accounts on one device,
    or made within an hour on it, are no more than a hint: so are those of a class-room, a kiosk or an office. Where
    the logs tell nothing of payments, devices from one pool are a mark, and loads and templates alike may be an
    automation fleet's; where they tell nothing of prompts, payment methods that cross or are many need shared
    devices, too."""
    pay, content, device = (f.family(n) for n in ("payment", "content", "device"))
    cards = np.maximum(crossed_cards(f), HINT * many_cards(f)) * sharing(f)
    pipeline = one_pipeline(f)
    witnesses = [HINT * many_identities(f), even_work(f), handed_on(f), rising(f.told.accused, 0.1, 0.4)]
    afar = HINT * np.minimum(pipeline, borrowed(f)) * (1 - own_things(f))
    hidden = 1 - np.max([open_cards(f), in_one_place(f), shop_by_shop(f)], axis=0)
    if "payment" not in f.families:
        witnesses.append(HINT * pooled_devices(f))
        afar, hidden = np.zeros(len(f.size)), 1 - (1 - OPEN) * fleet_like(f)
    if "network" not in f.families:
        cards *= np.max(witnesses, axis=0)
    marks = np.max([_agreeing(np.stack([cards, pipeline, *witnesses])), afar, pools_of_both(f)], axis=0)
    crowded = np.maximum(rising(device.top, FEW, FEW + 2), rising(f.members.burst, 0.6, 0.9) * rising(device.top, 1, 3))
    machine = np.maximum(OPEN * crowded, SCRIPTED * rising(f.members.rush, 0.6, 0.9))
    machine *= (device.bits > ENOUGH) & ~content.known & ~pay.known
    marked = np.maximum(marks * np.maximum(hidden, relay(f)), bare_cards(f)) * rising(f.size, 2.5, FEW)
    return np.asarray(np.maximum(marked, machine) * (1 - cleared(f)))


def _agreeing(marks: Floats) -> Floats:
    """How far marks (marks x rings) agree: as far as the second one goes, which a third one helps, up to the first."""
    third, second, first = np.sort(marks, axis=0)[-3:]
    return np.asarray(np.minimum(first, 1 - (1 - second) * (1 - third)))


def household(f: Features) -> Floats:
    """A household: a few people at one address who share a card or a device and write prompts of their own."""
    pay, net, content = (f.family(n) for n in ("payment", "network", "content"))
    at_home = (net.bits > 0) * net.join * (1 - f.told.rented)
    shares = np.maximum(at_home, (pay.bits > 0) * pay.join)
    unlike = np.where(content.known, falling(content.bits / np.maximum(f.size, 1), 5, 9), 0.7)
    homes = falling(f.size / np.maximum(pay.entities, 1), FEW, 2 * FEW) * falling(f.size, 60, 120)
    unlike = np.where(content.known | pay.known, unlike, unlike * _at_leisure(f))
    fit = shares * unlike * np.maximum(falling(f.size, FEW, 2 * FEW), 0.9 * homes * (pay.bits > 0))
    return np.asarray(np.maximum(fit, f.told.grouped(Verdict.HOUSEHOLD)))


def own_accounts(f: Features) -> Floats:
    """One person's own accounts: a handful of accounts on one device, often with one card."""
    pay, device = f.family("payment"), f.family("device")
    on_one_device = rising(device.top / np.maximum(f.size, 1), 0.4, 0.8) * (device.bits > 0)
    paid_alike = np.where(pay.known, np.maximum(pay.join, 0.6), 0.8)
    at_leisure = np.where(pay.known, 1.0, _at_leisure(f))
    fit = on_one_device * paid_alike * at_leisure * falling(f.size, FEW, 2 * FEW)
    return np.maximum(fit, f.told.grouped(Verdict.OWN_ACCOUNTS))


def organisation(f: Features) -> Floats:
    """A company or an automation fleet: one card or few, openly shared, and one office network that is not for rent; or
    accounts that labels name as one group, or as the service's own."""
    pay, net, content, device = (f.family(n) for n in ("payment", "network", "content", "device"))
    own_cards = falling(pay.join, 0.1, 0.3) * rising(net.top / np.maximum(f.size, 1), 0.5, 0.8) * 0.8
    own_cards *= (pay.known | content.known) * falling(device.top / np.maximum(f.size, 1), 0.4, 0.8)
    fit = np.maximum(open_cards(f), own_cards * (1 - f.told.rented)) * rising(f.size, 3.5, 6)
    return np.maximum(fit, f.told.grouped(Verdict.ORGANISATION))


def campus(f: Features) -> Floats:
    """A campus: many people on addresses of one institution, each with a card of their own, who share some prompts."""
    pay, net, content = (f.family(n) for n in ("payment", "network", "content"))
    alone = falling(pay.join, 0.05, 0.2)
    mixed = np.where(content.known, falling(content.purity, 0.6, 0.85) * rising(content.join, 0.2, 0.5), 0.3)
    fit = alone * net.join * rising(net.exclusive, 0.5, 0.9) * mixed * rising(f.size, 30, 80) * (1 - f.told.rented)
    return np.maximum(fit, f.told.grouped(Verdict.CAMPUS))


def shared_network(f: Features) -> Floats:
    """Customers of one network: a VPN, a proxy or a carrier's addresses, and little else in common."""
    net = f.family("network")
    share = net.bits / np.maximum(f.bits, 1e-9)
    others = [f.families[n].join for n in sorted(f.families) if n != "network"]
    apart = falling(np.max(others, axis=0), 0.3, 0.6) if others else np.ones(len(f.size))
    customers = np.maximum(rising(share, 0.5, 0.8), rising(f.told.rented, 0.5, 0.9) * (net.bits > ENOUGH))
    return customers * apart * rising(f.size, 3, 8)


EXPLANATIONS: dict[Verdict, Explanation] = {
    Verdict.SUSPECT: suspect,
    Verdict.HOUSEHOLD: household,
    Verdict.OWN_ACCOUNTS: own_accounts,
    Verdict.ORGANISATION: organisation,
    Verdict.CAMPUS: campus,
    Verdict.SHARED_NETWORK: shared_network,
}
