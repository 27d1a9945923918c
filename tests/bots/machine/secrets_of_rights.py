"""What only some roles may read: words that stand nowhere else, each with the right that shows it."""

from core.team.rights import Right

NAME_OF_SUBSCRIBER = "Zsófia-Subscriber"
BROADCAST = "Wholesale-Broadcast"
GIFT_CODE = "GiftGiftGiftGift"
SHORTENER = "quickshort"

READABLE_WITH = {
    NAME_OF_SUBSCRIBER: Right.SUBSCRIBERS,
    BROADCAST: Right.BROADCASTS,
    GIFT_CODE: Right.SUBSCRIBERS,
    # the statistics name them
    SHORTENER: Right.STATISTICS,
}
