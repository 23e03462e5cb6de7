/* One storage against the hours' supply curves: the steps of exact.py, in the same order and to the same bits.
 *
 * Built without contraction of multiplications and additions, so that no processor rounds otherwise than Python does.
 * Nothing here keeps memory between calls. `period_solve` returns 0, or −1 where memory ran out.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDS 6
#define HALVINGS 60
#define SAME_LEVEL 1e-9

typedef struct {
    double discharge, charge, energy, into, out, initial, final, step;
    int cyclic;
} Storage;

typedef struct { /* an hour's slopes: [first, first + count) of the arrays below */
    long first;
    int count, burning;
    double least, bottom;
} Hour;

typedef struct { /* the list of the value of stored energy at an hour's beginning */
    long first;
    int count;
    double beyond_full, beyond_empty;
} Worth;

typedef struct {
    double *at;
    long used, room;
} Numbers;

typedef struct {
    const Storage *storage;
    int hours;
    Hour *hour;
    Numbers value, energy, position, kept; /* of the slopes */
    Worth *worth;                          /* [hours + 1] */
    Numbers values, amounts;               /* of the lists; the list of the end lies first */
} Period;

static int room(Numbers *n, long more)
{
    if (n->used + more > n->room) {
        long wanted = 2 * (n->used + more);
        double *at = realloc(n->at, (size_t)wanted * sizeof(double));
        if (!at) return -1;
        n->at = at;
        n->room = wanted;
    }
    return 0;
}

static double busiest(double net, const Storage *s)
{
    if (net <= s->charge - s->discharge) return (net + s->discharge) * s->into - s->discharge / s->out;
    return s->charge * s->into - (s->charge - net) / s->out;
}

static void add(Period *p, double value, double energy, double position, double kept)
{
    if (energy > 0.0) {
        p->value.at[p->value.used++] = value;
        p->energy.at[p->energy.used++] = energy;
        p->position.at[p->position.used++] = position;
        p->kept.at[p->kept.used++] = kept;
    }
}

/* The block in which the load lies, as bisect_left(edges, load) - 1 finds it. */
static int block_of(const double *edges, int blocks, double load)
{
    int low = 0, high = blocks + 1;
    while (low < high) {
        int middle = (low + high) / 2;
        if (edges[middle] < load) low = middle + 1;
        else high = middle;
    }
    return low > 0 ? low - 1 : 0;
}

/* Slopes of one hour. edges [blocks + 1], values [blocks + 1]: the last is the value of lost load. */
static int hour_slopes(Period *p, int number, const double *edges, const double *values, int blocks, double load, double inflow)
{
    const Storage *s = p->storage;
    double into = s->into, out = s->out, step = s->step, turn = s->charge - s->discharge;
    double bottom = -s->discharge, top = load + s->charge, at, calm, idle;
    int block, first_block, pass;
    Hour *hour = &p->hour[number];
    if (!(s->discharge < load)) bottom = -load;
    if (room(&p->value, 2 * blocks + 6) || room(&p->energy, 2 * blocks + 6) || room(&p->position, 2 * blocks + 6) ||
        room(&p->kept, 2 * blocks + 6))
        return -1;
    hour->first = p->value.used;
    hour->least = busiest(bottom, s) * step;
    hour->bottom = bottom;
    calm = bottom;
    first_block = block_of(edges, blocks, load + bottom);
    for (pass = 0; pass < 2; pass++) {
        at = load + bottom;
        for (block = first_block; at < top; block++) {
            double end = block < blocks ? edges[block + 1] : INFINITY, price = values[block];
            if (end > top) end = top;
            if (!(end > at)) continue;
            double left = at - load, right = end - load;
            at = end;
            if (pass == 0 && price < 0.0) {
                calm = right;
                if (left < turn) {
                    double until = right < turn ? right : turn;
                    add(p, price / into, (until - left) * into * step, until - left, 0.0);
                }
                if (right > turn) {
                    double since = left > turn ? left : turn;
                    add(p, price * out, (right - since) / out * step, right - since, 0.0);
                }
            }
            if (pass == 1 && !(price < 0.0)) {
                if (left < 0.0) {
                    double until = right < 0.0 ? right : 0.0;
                    add(p, price * out, (until - left) / out * step, until - left, 0.0);
                }
                if (right > 0.0) {
                    double since = left > 0.0 ? left : 0.0;
                    add(p, price / into, (right - since) * into * step, right - since, 0.0);
                }
            }
        }
        if (pass == 0) {
            idle = calm >= 0.0 ? calm * into : calm / out;
            add(p, 0.0, (idle - busiest(calm, s)) * step, 0.0, 0.0);
            hour->burning = into * out < 1.0 ? (int)(p->value.used - hour->first) : 0;
            add(p, 0.0, inflow * step, 0.0, inflow * step);
        }
    }
    hour->count = (int)(p->value.used - hour->first);
    return 0;
}

static int merged(Period *p, const Worth *end, const Hour *hour, Worth *begin)
{
    double cut = -hour->least, left = p->storage->energy, value, amount;
    int i = 0, j = 0, n = end->count, m = hour->count;
    if (room(&p->values, n + m + 2) || room(&p->amounts, n + m + 2)) return -1;
    const double *values = p->values.at + end->first, *amounts = p->amounts.at + end->first;
    const double *slopes = p->value.at + hour->first, *sizes = p->energy.at + hour->first;
    double *to = p->values.at + p->values.used, *good_for = p->amounts.at + p->amounts.used;
    int count = 0;
    begin->beyond_full = -INFINITY;
    begin->beyond_empty = INFINITY;
    if (cut < 0.0) {
        to[count] = -INFINITY;
        good_for[count++] = -cut;
        left += cut;
    }
    for (;;) {
        if (j < m && (i == n || slopes[j] < values[i])) {
            value = slopes[j];
            amount = sizes[j++];
        } else if (i < n) {
            value = values[i];
            amount = amounts[i++];
        } else {
            break;
        }
        if (cut > 0.0) {
            begin->beyond_full = value;
            if (amount <= cut) {
                cut -= amount;
                continue;
            }
            amount -= cut;
            cut = 0.0;
        }
        if (left <= 0.0) {
            begin->beyond_empty = value;
            break;
        }
        if (amount > left) {
            amount = left;
            begin->beyond_empty = value;
        }
        left -= amount;
        if (count && to[count - 1] == value) {
            good_for[count - 1] += amount;
        } else if (amount > 0.0) {
            to[count] = value;
            good_for[count++] = amount;
        }
        if (begin->beyond_empty < INFINITY) break;
    }
    if (left > 0.0 && count) good_for[count - 1] += left;
    begin->first = p->values.used;
    begin->count = count;
    p->values.used += count;
    p->amounts.used += count;
    return 0;
}

static int backwards(Period *p, const double *values, const double *amounts, int count, double beyond_full, double beyond_empty)
{
    Worth *end = &p->worth[p->hours];
    int hour;
    p->values.used = p->amounts.used = 0;
    if (room(&p->values, count) || room(&p->amounts, count)) return -1;
    memmove(p->values.at, values, (size_t)count * sizeof(double));
    memmove(p->amounts.at, amounts, (size_t)count * sizeof(double));
    p->values.used = p->amounts.used = count;
    end->first = 0;
    end->count = count;
    end->beyond_full = beyond_full;
    end->beyond_empty = beyond_empty;
    for (hour = p->hours - 1; hour >= 0; hour--)
        if (merged(p, &p->worth[hour + 1], &p->hour[hour], &p->worth[hour])) return -1;
    return 0;
}

static double marginal(const Period *p, const Worth *worth, double level, double near, int any)
{
    const double *values = p->values.at + worth->first, *amounts = p->amounts.at + worth->first;
    double full = p->storage->energy, unfilled = full - level, trifle = SAME_LEVEL * full, passed = 0.0;
    double low = worth->beyond_full, high = worth->beyond_empty;
    int at = 0, count = worth->count;
    while (at < count && passed + amounts[at] <= unfilled - trifle) {
        passed += amounts[at];
        low = values[at++];
    }
    if (at < count && passed < unfilled - trifle) low = values[at];
    while (at < count && passed + amounts[at] <= unfilled + trifle) passed += amounts[at++];
    if (at < count) high = values[at];
    if (any) near = low > -INFINITY ? low : high;
    near = near < low ? low : near > high ? high : near;
    return -INFINITY < near && near < INFINITY ? near : 0.0;
}

typedef struct {
    double *charge, *discharge, *level, *value;
} Path;

static void forwards(const Period *p, double level, double value, int any, const Path *path)
{
    const Storage *s = p->storage;
    double full = s->energy;
    int number;
    for (number = 0; number < p->hours; number++) {
        const Hour *hour = &p->hour[number];
        const Worth *next = &p->worth[number + 1];
        const double *worth = p->values.at + next->first, *good_for = p->amounts.at + next->first;
        const double *slope = p->value.at + hour->first, *energy = p->energy.at + hour->first;
        const double *position = p->position.at + hour->first, *keeps = p->kept.at + hour->first;
        double above = full, lowest = level + hour->least, moved = 0.0, net = hour->bottom, kept = 0.0;
        double change, discharge;
        int passed = 0, count = next->count, taken = 0, index;
        value = marginal(p, &p->worth[number], level, value, any);
        any = 0;
        path->value[number] = value;
        for (index = 0; index < hour->count; index++) {
            double size = energy[index], target;
            while (passed < count && worth[passed] <= slope[index]) above -= good_for[passed++];
            target = (passed < count && above > 0.0 ? above : 0.0) - lowest;
            if (moved + size <= target) {
                moved += size;
                net += position[index];
                kept += keeps[index];
                taken++;
                continue;
            }
            if (target > moved) {
                double share = (target - moved) / size;
                net += position[index] * share;
                kept += keeps[index] * share;
                moved = target;
            }
            break;
        }
        change = hour->least + moved;
        discharge = net < 0.0 ? -net : 0.0;
        if (taken < hour->burning) discharge = (s->into * net - (change - kept) / s->step) / (1.0 / s->out - s->into);
        level += change;
        level = level < 0.0 ? 0.0 : level > full ? full : level;
        path->charge[number] = net + discharge;
        path->discharge[number] = discharge;
        path->level[number] = level;
    }
}

static int between(Period *p, double level, double near, int any, const Path *path)
{
    double values[2] = {-INFINITY, INFINITY}, amounts[2];
    amounts[0] = p->storage->energy - level;
    amounts[1] = level;
    if (backwards(p, values, amounts, 2, -INFINITY, INFINITY)) return -1;
    forwards(p, level, near, any, path);
    return 0;
}

static int same(const Period *p)
{
    const Worth *one = &p->worth[p->hours], *other = &p->worth[0];
    int i;
    if (one->count != other->count) return 0;
    for (i = 0; i < one->count; i++) {
        if (p->values.at[one->first + i] != p->values.at[other->first + i]) return 0;
        if (!(fabs(p->amounts.at[one->first + i] - p->amounts.at[other->first + i]) <= SAME_LEVEL * p->storage->energy)) return 0;
    }
    return 1;
}

static int solved(Period *p, const Path *path, double *start)
{
    const Storage *s = p->storage;
    double full = s->energy, low = 0.0, high = full, level, worth = 0.0;
    int round, settled = 0, last = p->hours - 1;
    if (!s->cyclic) {
        double values[2] = {0.0, INFINITY}, amounts[2];
        amounts[0] = full - s->final;
        amounts[1] = s->final;
        if (backwards(p, values, amounts, 2, 0.0, INFINITY)) return -1;
        forwards(p, s->initial, 0.0, 1, path);
        *start = s->initial;
        return 0;
    }
    {
        double zero = 0.0;
        if (backwards(p, &zero, &full, 1, 0.0, 0.0)) return -1;
    }
    settled = same(p);
    for (round = 1; round < ROUNDS && !settled; round++) {
        Worth begin = p->worth[0];
        if (backwards(p, p->values.at + begin.first, p->amounts.at + begin.first, begin.count, begin.beyond_full, begin.beyond_empty))
            return -1;
        settled = same(p);
    }
    level = 0.5 * full;
    for (round = 0; settled && round < ROUNDS; round++) {
        forwards(p, level, 0.0, 1, path);
        if (fabs(path->level[last] - level) <= SAME_LEVEL * full) {
            forwards(p, level, path->value[last], 0, path);
            *start = level;
            return 0;
        }
        level = path->level[last];
    }
    for (round = 0; round < HALVINGS; round++) {
        level = 0.5 * (low + high);
        if (between(p, level, 0.0, 1, path)) return -1;
        worth = marginal(p, &p->worth[p->hours], path->level[last], path->value[last], 0);
        if (path->value[0] == worth) break;
        if (path->value[0] > worth) low = level;
        else high = level;
    }
    if (between(p, level, worth, 0, path)) return -1;
    *start = level;
    return 0;
}

/* All hours, period by period. offered [hours, blocks] MW; values [hours, blocks + 1] by `season`; numbers of `storage`:
 * discharge, charge, energy, charge efficiency, discharge efficiency, initial and final level (cyclic where negative), step. */
int sextant_storage(int hours, int period, int blocks, const double *flat, const long long *series_of, const double *series,
                    const long long *season, const double *values, const double *load, const double *inflow,
                    const double *numbers, double *charge, double *discharge, double *level, double *start, double *value)
{
    Storage storage = {numbers[0], numbers[1], numbers[2], numbers[3], numbers[4], numbers[5], numbers[6], numbers[7], 0};
    Period p;
    double *edges;
    int first, hour, block, failed = 0;
    storage.cyclic = numbers[5] < 0.0;
    memset(&p, 0, sizeof p);
    p.storage = &storage;
    p.hours = period;
    p.hour = malloc((size_t)period * sizeof(Hour));
    p.worth = malloc((size_t)(period + 1) * sizeof(Worth));
    edges = malloc((size_t)(blocks + 1) * sizeof(double));
    failed = !p.hour || !p.worth || !edges;
    for (first = 0; first < hours && !failed; first += period) {
        Path path = {charge + first, discharge + first, level + first, value + first};
        p.value.used = p.energy.used = p.position.used = p.kept.used = 0;
        for (hour = 0; hour < period && !failed; hour++) {
            int at = first + hour;
            const long long *of = series_of + season[at] * blocks;
            const double *mw = flat + season[at] * blocks;
            double passed = 0.0;
            edges[0] = 0.0;
            for (block = 0; block < blocks; block++) {
                double offered = mw[block];
                if (of[block] >= 0) offered += series[of[block] * hours + at];
                passed += offered;
                edges[block + 1] = passed;
            }
            failed = hour_slopes(&p, hour, edges, values + season[at] * (blocks + 1), blocks, load[at], inflow[at]);
        }
        failed = failed || solved(&p, &path, start + first / period);
    }
    free(p.hour);
    free(p.worth);
    free(edges);
    free(p.value.at);
    free(p.energy.at);
    free(p.position.at);
    free(p.kept.at);
    free(p.values.at);
    free(p.amounts.at);
    return failed ? -1 : 0;
}
