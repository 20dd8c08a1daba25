# Accuracy by site and condition
# Draws site_by_condition.svg, site_by_condition.pdf and site_by_condition.png from site_by_condition.csv, in this folder: gnuplot site_by_condition.gp
# 'mofi report' writes this file anew; for a style of your own, keep a copy under another name.
reset session
data = 'site_by_condition.csv'
set datafile separator comma
set encoding utf8
set border 3 lc rgb '#444444'
set tics nomirror out scale 0.5 textcolor rgb '#222222'
set grid ytics lt 1 lw 0.5 lc rgb '#DDDDDD'
set style fill solid 1 noborder
set bars 0
do for [format in 'svg pdf png'] {
  small = format eq 'svg' ? ',10' : ',7.5'
  if (format eq 'svg') { set terminal svg noenhanced size 420,214 font 'DejaVu Sans,12' }
  if (format eq 'pdf') { set terminal pdfcairo noenhanced size 4.375in,2.229in font 'DejaVu Sans,9' fontscale 1 }
  if (format eq 'png') { set terminal pngcairo noenhanced size 840,428 font 'DejaVu Sans,9' fontscale 2 linewidth 2 pointscale 2 }
  set output 'site_by_condition.'.format
  set lmargin at screen 0.1905
  set rmargin at screen 0.9714
  set tmargin at screen 0.9626
  set bmargin at screen 0.2897
  set border 0
  unset grid
  unset key
  unset colorbox
  set tics scale 0
  set palette defined (0 '#F7FBFF', 0.5 '#6BAED6', 1 '#08306B')
  set cbrange [45.1961:48.8235]
  set xrange [-0.5:2.5]
  set yrange [2.5:-0.5]
  set xtics ('0' 0, '1' 1, '2' 2)
  set ytics ('constant' 0, 'mode' 1, 'shuffled' 2)
  set xlabel 'injection site'
  plot data using (column('column')):(column('row')):(0.48):(0.47):(column('accuracy')) with boxxyerror lc palette, \
    data using (column('column')):(column('row')):(strcol('cell')):(column('accuracy') > 47.1912 ? 0xFFFFFF : 0x000000) with labels offset 0,0.45 textcolor rgb variable, \
    data using (column('column')):(column('row')):(strcol('interval')):(column('accuracy') > 47.1912 ? 0xFFFFFF : 0x000000) with labels offset 0,-0.55 font small textcolor rgb variable
}
set output
