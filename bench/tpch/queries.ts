/**
 * The 22 questions of TPC-H over the tables of `tables.ts`, in our own words: the shapes are its, the texts are not.
 * One text serves millrace, DuckDB and Spark. Every ORDER BY is total, so that rows can be compared in order; ratios and
 * averages are of DOUBLE, since the three divide decimals to different scales.
 */
export interface TpchQuery {
  readonly name: string
  /** What it asks. */
  readonly asks: string
  readonly sql: string
}

const query = (name: string, asks: string, sql: string): TpchQuery => ({ name, asks, sql: sql.trim() })

export const TPCH_QUERIES: readonly TpchQuery[] = [
  query(
    'q1',
    'sums and averages of all lines shipped by a day, by their state',
    `
SELECT returned, state,
       sum(quantity) AS pieces,
       sum(price) AS gross,
       sum(price * (1 - discount)) AS net,
       sum(price * (1 - discount) * (1 + tax)) AS charged,
       avg(CAST(quantity AS DOUBLE)) AS mean_pieces,
       avg(CAST(price AS DOUBLE)) AS mean_gross,
       avg(CAST(discount AS DOUBLE)) AS mean_discount,
       count(*) AS lines
FROM lineitem
WHERE ship_date <= DATE '1998-12-01' - INTERVAL '90' DAY
GROUP BY returned, state
ORDER BY returned, state`,
  ),
  query(
    'q2',
    'of one region, the suppliers that sell a metal part of some sizes at the least cost',
    `
SELECT s.balance, s.supplier_name, n.nation_name, p.part_id, p.maker, s.address, s.phone, s.remark
FROM part p, supplier s, partsupp ps, nation n, region r
WHERE p.part_id = ps.part_id
  AND s.supplier_id = ps.supplier_id
  AND p.size BETWEEN 12 AND 20
  AND p.kind LIKE '%brass'
  AND s.nation_id = n.nation_id
  AND n.region_id = r.region_id
  AND r.region_name = 'Eastfold'
  AND ps.cost = (
    SELECT min(ps2.cost)
    FROM partsupp ps2, supplier s2, nation n2, region r2
    WHERE p.part_id = ps2.part_id
      AND s2.supplier_id = ps2.supplier_id
      AND s2.nation_id = n2.nation_id
      AND n2.region_id = r2.region_id
      AND r2.region_name = 'Eastfold'
  )
ORDER BY s.balance DESC, n.nation_name, s.supplier_name, p.part_id
LIMIT 100`,
  ),
  query(
    'q3',
    'the ten open orders of a segment worth most',
    `
SELECT l.order_id, sum(l.price * (1 - l.discount)) AS revenue, o.order_date, o.priority
FROM customer c, orders o, lineitem l
WHERE c.segment = 'bakery'
  AND c.customer_id = o.customer_id
  AND l.order_id = o.order_id
  AND o.order_date < DATE '1995-03-15'
  AND l.ship_date > DATE '1995-03-15'
GROUP BY l.order_id, o.order_date, o.priority
ORDER BY revenue DESC, o.order_date, l.order_id
LIMIT 10`,
  ),
  query(
    'q4',
    'orders of a quarter with a line that came late, by priority',
    `
SELECT o.priority, count(*) AS orders
FROM orders o
WHERE o.order_date >= DATE '1993-07-01'
  AND o.order_date < DATE '1993-07-01' + INTERVAL '3' MONTH
  AND EXISTS (SELECT * FROM lineitem l WHERE l.order_id = o.order_id AND l.promise_date < l.receipt_date)
GROUP BY o.priority
ORDER BY o.priority`,
  ),
  query(
    'q5',
    'what suppliers sold to customers of their own nation in a year, in one region',
    `
SELECT n.nation_name, sum(l.price * (1 - l.discount)) AS revenue
FROM customer c, orders o, lineitem l, supplier s, nation n, region r
WHERE c.customer_id = o.customer_id
  AND l.order_id = o.order_id
  AND l.supplier_id = s.supplier_id
  AND c.nation_id = s.nation_id
  AND s.nation_id = n.nation_id
  AND n.region_id = r.region_id
  AND r.region_name = 'Northmark'
  AND o.order_date >= DATE '1994-01-01'
  AND o.order_date < DATE '1994-01-01' + INTERVAL '1' YEAR
GROUP BY n.nation_name
ORDER BY revenue DESC, n.nation_name`,
  ),
  query(
    'q6',
    'what small discounts of a year were worth',
    `
SELECT sum(price * discount) AS given_away
FROM lineitem
WHERE ship_date >= DATE '1994-01-01'
  AND ship_date < DATE '1994-01-01' + INTERVAL '1' YEAR
  AND discount BETWEEN 0.05 AND 0.07
  AND quantity < 24`,
  ),
  query(
    'q7',
    'trade between two nations, by direction and year',
    `
SELECT seller, buyer, year, sum(volume) AS revenue
FROM (
  SELECT n1.nation_name AS seller, n2.nation_name AS buyer, extract(YEAR FROM l.ship_date) AS year,
         l.price * (1 - l.discount) AS volume
  FROM supplier s, lineitem l, orders o, customer c, nation n1, nation n2
  WHERE s.supplier_id = l.supplier_id
    AND o.order_id = l.order_id
    AND c.customer_id = o.customer_id
    AND s.nation_id = n1.nation_id
    AND c.nation_id = n2.nation_id
    AND ((n1.nation_name = 'Cedar' AND n2.nation_name = 'Maple') OR (n1.nation_name = 'Maple' AND n2.nation_name = 'Cedar'))
    AND l.ship_date BETWEEN DATE '1993-01-01' AND DATE '1996-12-31'
) AS trade
GROUP BY seller, buyer, year
ORDER BY seller, buyer, year`,
  ),
  query(
    'q8',
    'the share of one nation in what a region bought of a kind of part, by year',
    `
SELECT year, sum(CASE WHEN nation = 'Birch' THEN volume ELSE 0 END) / sum(volume) AS share
FROM (
  SELECT extract(YEAR FROM o.order_date) AS year, CAST(l.price * (1 - l.discount) AS DOUBLE) AS volume,
         n2.nation_name AS nation
  FROM part p, supplier s, lineitem l, orders o, customer c, nation n1, nation n2, region r
  WHERE p.part_id = l.part_id
    AND s.supplier_id = l.supplier_id
    AND l.order_id = o.order_id
    AND o.customer_id = c.customer_id
    AND c.nation_id = n1.nation_id
    AND n1.region_id = r.region_id
    AND r.region_name = 'Westmoor'
    AND s.nation_id = n2.nation_id
    AND o.order_date BETWEEN DATE '1994-01-01' AND DATE '1997-12-31'
    AND p.kind LIKE 'special % steel'
) AS bought
GROUP BY year
ORDER BY year`,
  ),
  query(
    'q9',
    'profit on parts of a colour, by nation of the supplier and year',
    `
SELECT nation, year, sum(amount) AS profit
FROM (
  SELECT n.nation_name AS nation, extract(YEAR FROM o.order_date) AS year,
         l.price * (1 - l.discount) - ps.cost * l.quantity AS amount
  FROM part p, supplier s, lineitem l, partsupp ps, orders o, nation n
  WHERE s.supplier_id = l.supplier_id
    AND ps.supplier_id = l.supplier_id
    AND ps.part_id = l.part_id
    AND p.part_id = l.part_id
    AND o.order_id = l.order_id
    AND s.nation_id = n.nation_id
    AND p.part_name LIKE '%green%'
) AS sold
GROUP BY nation, year
ORDER BY nation, year DESC`,
  ),
  query(
    'q10',
    'the twenty customers whose returns of a quarter were worth most',
    `
SELECT c.customer_id, c.customer_name, sum(l.price * (1 - l.discount)) AS revenue, c.balance, n.nation_name,
       c.address, c.phone, c.remark
FROM customer c, orders o, lineitem l, nation n
WHERE c.customer_id = o.customer_id
  AND l.order_id = o.order_id
  AND o.order_date >= DATE '1993-10-01'
  AND o.order_date < DATE '1993-10-01' + INTERVAL '3' MONTH
  AND l.returned = 'yes'
  AND c.nation_id = n.nation_id
GROUP BY c.customer_id, c.customer_name, c.balance, c.phone, n.nation_name, c.address, c.remark
ORDER BY revenue DESC, c.customer_id
LIMIT 20`,
  ),
  query(
    'q11',
    'parts that make up more than a thousandth of the stock of a nation',
    `
SELECT ps.part_id, sum(ps.cost * ps.available) AS worth
FROM partsupp ps, supplier s, nation n
WHERE ps.supplier_id = s.supplier_id
  AND s.nation_id = n.nation_id
  AND n.nation_name = 'Holly'
GROUP BY ps.part_id
HAVING sum(ps.cost * ps.available) > (
  SELECT sum(ps2.cost * ps2.available) * 0.001
  FROM partsupp ps2, supplier s2, nation n2
  WHERE ps2.supplier_id = s2.supplier_id
    AND s2.nation_id = n2.nation_id
    AND n2.nation_name = 'Holly'
)
ORDER BY worth DESC, ps.part_id`,
  ),
  query(
    'q12',
    'late lines by two ways of shipping: of urgent orders and of others',
    `
SELECT l.mode,
       sum(CASE WHEN o.priority = '1 at once' OR o.priority = '2 soon' THEN 1 ELSE 0 END) AS urgent,
       sum(CASE WHEN o.priority <> '1 at once' AND o.priority <> '2 soon' THEN 1 ELSE 0 END) AS others
FROM orders o, lineitem l
WHERE o.order_id = l.order_id
  AND l.mode IN ('post', 'barge')
  AND l.promise_date < l.receipt_date
  AND l.ship_date < l.promise_date
  AND l.receipt_date >= DATE '1994-01-01'
  AND l.receipt_date < DATE '1994-01-01' + INTERVAL '1' YEAR
GROUP BY l.mode
ORDER BY l.mode`,
  ),
  query(
    'q13',
    'how many customers have how many orders, without those of which a damaged parcel is told',
    `
SELECT ordered, count(*) AS customers
FROM (
  SELECT c.customer_id, count(o.order_id) AS ordered
  FROM customer c LEFT OUTER JOIN orders o
    ON c.customer_id = o.customer_id AND o.remark NOT LIKE '%parcel%damaged%'
  GROUP BY c.customer_id
) AS counted
GROUP BY ordered
ORDER BY customers DESC, ordered DESC`,
  ),
  query(
    'q14',
    'the share of special parts in the revenue of a month',
    `
SELECT 100.0 * sum(CASE WHEN p.kind LIKE 'special%' THEN CAST(l.price * (1 - l.discount) AS DOUBLE) ELSE 0 END)
       / sum(CAST(l.price * (1 - l.discount) AS DOUBLE)) AS special_share
FROM lineitem l, part p
WHERE l.part_id = p.part_id
  AND l.ship_date >= DATE '1995-09-01'
  AND l.ship_date < DATE '1995-09-01' + INTERVAL '1' MONTH`,
  ),
  query(
    'q15',
    'the supplier that sold most in a quarter',
    `
WITH sold AS (
  SELECT supplier_id, sum(price * (1 - discount)) AS revenue
  FROM lineitem
  WHERE ship_date >= DATE '1996-01-01'
    AND ship_date < DATE '1996-01-01' + INTERVAL '3' MONTH
  GROUP BY supplier_id
)
SELECT s.supplier_id, s.supplier_name, s.address, s.phone, sold.revenue
FROM supplier s, sold
WHERE s.supplier_id = sold.supplier_id
  AND sold.revenue = (SELECT max(revenue) FROM sold)
ORDER BY s.supplier_id`,
  ),
  query(
    'q16',
    'how many suppliers without reports of faults can sell parts of some sizes, by brand, kind and size',
    `
SELECT p.brand, p.kind, p.size, count(DISTINCT ps.supplier_id) AS suppliers
FROM partsupp ps, part p
WHERE p.part_id = ps.part_id
  AND p.brand <> 'brand 3.1'
  AND p.kind NOT LIKE 'economy polished%'
  AND p.size IN (3, 9, 14, 19, 23, 36, 45, 49)
  AND ps.supplier_id NOT IN (SELECT s.supplier_id FROM supplier s WHERE s.remark LIKE '%reports of faults%')
GROUP BY p.brand, p.kind, p.size
ORDER BY suppliers DESC, p.brand, p.kind, p.size`,
  ),
  query(
    'q17',
    'a year of lines of a brand that are smaller than a fifth of the mean of their part',
    `
SELECT sum(CAST(l.price AS DOUBLE)) / 7.0 AS a_year
FROM lineitem l, part p
WHERE p.part_id = l.part_id
  AND p.brand = 'brand 2.3'
  AND p.packaging LIKE '%box'
  AND l.quantity < (
    SELECT 0.2 * avg(CAST(l2.quantity AS DOUBLE)) FROM lineitem l2 WHERE l2.part_id = p.part_id
  )`,
  ),
  query(
    'q18',
    'large orders and who placed them',
    `
SELECT c.customer_name, c.customer_id, o.order_id, o.order_date, o.total, sum(l.quantity) AS pieces
FROM customer c, orders o, lineitem l
WHERE o.order_id IN (SELECT l2.order_id FROM lineitem l2 GROUP BY l2.order_id HAVING sum(l2.quantity) > 240)
  AND c.customer_id = o.customer_id
  AND o.order_id = l.order_id
GROUP BY c.customer_name, c.customer_id, o.order_id, o.order_date, o.total
ORDER BY o.total DESC, o.order_date, o.order_id
LIMIT 100`,
  ),
  query(
    'q19',
    'revenue of three sorts of parts that went by air or road and were handed over in person',
    `
SELECT sum(l.price * (1 - l.discount)) AS revenue
FROM lineitem l, part p
WHERE (
    p.part_id = l.part_id
    AND p.brand = 'brand 1.2'
    AND p.packaging IN ('small box', 'small bag', 'small drum')
    AND l.quantity BETWEEN 1 AND 21
    AND p.size BETWEEN 1 AND 25
    AND l.mode IN ('plane', 'lorry')
    AND l.instruction = 'hand over in person'
  ) OR (
    p.part_id = l.part_id
    AND p.brand = 'brand 2.3'
    AND p.packaging IN ('large box', 'large bag', 'large drum')
    AND l.quantity BETWEEN 10 AND 40
    AND p.size BETWEEN 1 AND 40
    AND l.mode IN ('plane', 'lorry')
    AND l.instruction = 'hand over in person'
  ) OR (
    p.part_id = l.part_id
    AND p.brand = 'brand 3.1'
    AND p.packaging IN ('jumbo box', 'jumbo bag', 'jumbo drum')
    AND l.quantity BETWEEN 20 AND 50
    AND p.size BETWEEN 1 AND 45
    AND l.mode IN ('plane', 'lorry')
    AND l.instruction = 'hand over in person'
  )`,
  ),
  query(
    'q20',
    'suppliers of a nation that have more in stock of some parts than half of what they sold of them in two years',
    `
SELECT s.supplier_name, s.address
FROM supplier s, nation n
WHERE s.supplier_id IN (
    SELECT ps.supplier_id
    FROM partsupp ps
    WHERE ps.part_id IN (SELECT p.part_id FROM part p WHERE p.part_name LIKE 'b%')
      AND ps.available > (
        SELECT 0.5 * sum(l.quantity)
        FROM lineitem l
        WHERE l.part_id = ps.part_id
          AND l.supplier_id = ps.supplier_id
          AND l.ship_date >= DATE '1994-01-01'
          AND l.ship_date < DATE '1994-01-01' + INTERVAL '2' YEAR
      )
  )
  AND s.nation_id = n.nation_id
  AND n.nation_name = 'Larch'
ORDER BY s.supplier_name`,
  ),
  query(
    'q21',
    'suppliers of a nation that alone kept orders of several suppliers waiting',
    `
SELECT s.supplier_name, count(*) AS waited
FROM supplier s, lineitem l1, orders o, nation n
WHERE s.supplier_id = l1.supplier_id
  AND o.order_id = l1.order_id
  AND o.status = 'done'
  AND l1.receipt_date > l1.promise_date
  AND EXISTS (
    SELECT * FROM lineitem l2 WHERE l2.order_id = l1.order_id AND l2.supplier_id <> l1.supplier_id
  )
  AND NOT EXISTS (
    SELECT * FROM lineitem l3
    WHERE l3.order_id = l1.order_id
      AND l3.supplier_id <> l1.supplier_id
      AND l3.receipt_date > l3.promise_date
  )
  AND s.nation_id = n.nation_id
  AND n.nation_name = 'Rowan'
GROUP BY s.supplier_name
ORDER BY waited DESC, s.supplier_name
LIMIT 100`,
  ),
  query(
    'q22',
    'customers of some nations who have more than the mean on account and never ordered, by the code of their phone',
    `
SELECT code, count(*) AS customers, sum(balance) AS balances
FROM (
  SELECT substring(c.phone, 1, 2) AS code, c.balance
  FROM customer c
  WHERE substring(c.phone, 1, 2) IN ('11', '13', '17', '20', '23', '29', '31', '32')
    AND CAST(c.balance AS DOUBLE) > (
      SELECT avg(CAST(c2.balance AS DOUBLE))
      FROM customer c2
      WHERE c2.balance > 0.00
        AND substring(c2.phone, 1, 2) IN ('11', '13', '17', '20', '23', '29', '31', '32')
    )
    AND NOT EXISTS (SELECT * FROM orders o WHERE o.customer_id = c.customer_id)
) AS silent
GROUP BY code
ORDER BY code`,
  ),
]
